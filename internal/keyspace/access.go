// SPDX-License-Identifier: Apache-2.0

package keyspace

// Policy says which keys go first when memory is short, and so what the 24 bits of access
// in an entry count: the last use in seconds (LRU), or minutes of the last decay and a
// logarithmic counter of uses (LFU), as in Redis.
type Policy uint8

// The policies of maxmemory-policy.
const (
	NoEviction Policy = iota
	AllKeysLRU
	AllKeysLFU
	AllKeysRandom
	VolatileLRU
	VolatileLFU
	VolatileRandom
	VolatileTTL
)

// LFU tells whether the policy counts how often keys are used.
func (p Policy) LFU() bool { return p == AllKeysLFU || p == VolatileLFU }

// Volatile tells whether only keys with a deadline may go.
func (p Policy) Volatile() bool { return p >= VolatileLRU }

const (
	accessMask   = 1<<24 - 1
	lfuStart     = 5  // a new key's count: not zero, or it would go at once
	lfuLogFactor = 10 // the higher, the more uses it takes to count one up
)

// SetPolicy changes the policy. The access bits of old keys are read as the new policy
// reads them until their next use, as in Redis.
func (s *Space) SetPolicy(p Policy) {
	s.policy = p
	s.access = s.newAccess()
}

// Policy is the policy in force.
func (s *Space) Policy() Policy { return s.policy }

func (s *Space) seconds() uint32 { return uint32(s.NowMs/1000) & accessMask }
func (s *Space) minutes() uint32 { return uint32(s.NowMs/60000) & 0xFFFF }

// newAccess is the access of a key that is written now. Space.access keeps it from one
// Advance to the next.
func (s *Space) newAccess() uint32 {
	if s.policy.LFU() {
		return s.minutes()<<8 | lfuStart
	}
	return s.seconds()
}

// touch marks the key as used.
func (e *Entry) touch() {
	s := e.db.space
	if s.NoTouch {
		return
	}
	meta, access := e.meta(), s.access
	if s.policy.LFU() {
		access = s.minutes()<<8 | uint32(s.bump(s.decayed(meta>>8)))
	}
	if meta>>8 != access {
		e.setMeta(meta&0xFF | access<<8)
	}
}

// decayed is the LFU count after losing one for every minute that has passed.
func (s *Space) decayed(access uint32) uint8 {
	count := uint8(access)
	passed := (s.minutes() - access>>8) & 0xFFFF
	if passed >= uint32(count) {
		return 0
	}
	return count - uint8(passed)
}

// bump counts a use: the higher the count, the less likely.
func (s *Space) bump(count uint8) uint8 {
	if count == 255 {
		return count
	}
	base := max(int(count)-lfuStart, 0)
	if s.chance()%uint64(base*lfuLogFactor+1) == 0 {
		count++
	}
	return count
}

// chance is a stream of numbers that need not be good, only cheap and repeatable: a
// counter of changes and lookups, mixed.
func (s *Space) chance() uint64 {
	x := uint64(s.Stats.Hits+s.Stats.Changes+s.Stats.Misses) * 0x9E3779B97F4A7C15
	return x ^ x>>29
}

// IdleSeconds is how long the key has not been used; it means nothing under an LFU policy.
func (e *Entry) IdleSeconds() int64 {
	return int64((e.db.space.seconds() - e.meta()>>8) & accessMask)
}

// Frequency is the LFU count; it means nothing under another policy.
func (e *Entry) Frequency() uint8 { return e.db.space.decayed(e.meta() >> 8) }

// SetIdleSeconds lets the key count as not used for so long. An LFU policy counts otherwise.
func (e *Entry) SetIdleSeconds(seconds int64) {
	if s := e.db.space; !s.policy.LFU() {
		e.setMeta(e.meta()&0xFF | uint32(s.NowMs/1000-seconds)&accessMask<<8)
	}
}

// SetFrequency sets the LFU count; another policy counts otherwise.
func (e *Entry) SetFrequency(count uint8) {
	if s := e.db.space; s.policy.LFU() {
		e.setMeta(e.meta()&0xFF | (s.minutes()<<8|uint32(count))<<8)
	}
}
