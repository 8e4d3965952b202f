// SPDX-License-Identifier: Apache-2.0

package keyspace

import "stampede/internal/container/arena"

// policyNames are the words of maxmemory-policy, by Policy.
var policyNames = [...]string{
	NoEviction: "noeviction", AllKeysLRU: "allkeys-lru", AllKeysLFU: "allkeys-lfu",
	AllKeysRandom: "allkeys-random", VolatileLRU: "volatile-lru", VolatileLFU: "volatile-lfu",
	VolatileRandom: "volatile-random", VolatileTTL: "volatile-ttl",
}

// String is the word for the policy in redis.conf.
func (p Policy) String() string { return policyNames[p] }

// ParsePolicy is the inverse of [Policy.String]; ok is false for a word that is not one.
func ParsePolicy(name string) (p Policy, ok bool) {
	for i, known := range policyNames {
		if known == name {
			return Policy(i), true
		}
	}
	return NoEviction, false
}

// averageSample is how many deadlines are looked at to estimate their mean.
const averageSample = 100

// MeanTTLMs estimates how long the keys with a deadline still live, in milliseconds, from
// some of them; 0 if there are none. Cost: O(1).
func (db *DB) MeanTTLMs() int64 {
	var sum, n int64
	for cursor := uint64(0); n < averageSample; {
		cursor = db.expires.Scan(cursor, func(ref uint32) {
			e := db.at(arena.Ref(ref))
			sum += max(e.DeadlineMs()-db.space.NowMs, 0)
			n++
		})
		if cursor == 0 {
			break
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// Pending is the number of large collections that were dropped and are not yet freed.
func (s *Space) Pending() int { return len(s.big.dying) }

// TableBytes is the memory of the indexes that find the database's keys and deadlines.
func (db *DB) TableBytes() (keys, deadlines int64) {
	return db.keys.Bytes(), db.expires.Bytes()
}

// Summary is what several Spaces hold together.
type Summary struct {
	Used    int64 // see [Space.Used]
	Memory  Memory
	Stats   Stats
	Pending int // see [Space.Pending]
	Stocks  StockSummary
	DBs     [Databases]DBSummary
}

// DBSummary is what one numbered database holds.
type DBSummary struct {
	Keys, Expiring            int
	MeanTTLMs                 int64 // estimated, of the keys with a deadline
	KeyTables, DeadlineTables int64 // bytes of the indexes
}

// Summarize adds up Spaces, all of which the caller owns. Cost: O(spaces · databases).
func Summarize(spaces []*Space) Summary {
	var sum Summary
	for _, s := range spaces {
		m := s.Memory()
		sum.Used += s.Used()
		sum.Memory.Blocks += m.Blocks
		sum.Memory.Beside += m.Beside
		sum.Memory.Resident += m.Resident
		sum.Stats.Hits += s.Stats.Hits
		sum.Stats.Misses += s.Stats.Misses
		sum.Stats.Expired += s.Stats.Expired
		sum.Stats.Evicted += s.Stats.Evicted
		sum.Stats.Changes += s.Stats.Changes
		sum.Pending += s.Pending()
		sum.Stocks.add(s)
		for i, db := range s.dbs {
			sum.DBs[i].add(db)
		}
	}
	return sum
}

// Tables is the memory of the indexes of all databases.
func (sum *Summary) Tables() (bytes int64) {
	for i := range sum.DBs {
		bytes += sum.DBs[i].KeyTables + sum.DBs[i].DeadlineTables
	}
	return bytes
}

func (d *DBSummary) add(db *DB) {
	if n := db.Expiring(); n > 0 {
		all := int64(d.Expiring)*d.MeanTTLMs + int64(n)*db.MeanTTLMs()
		d.Expiring += n
		d.MeanTTLMs = all / int64(d.Expiring)
	}
	d.Keys += db.Len()
	keys, deadlines := db.TableBytes()
	d.KeyTables += keys
	d.DeadlineTables += deadlines
}

// ResetStats sets the counters to zero, but for that of changes.
func (s *Space) ResetStats() { s.Stats = Stats{Changes: s.Stats.Changes} }
