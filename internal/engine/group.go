// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"stampede/internal/reply"
	"stampede/internal/session"
)

// groupMax bounds how many calls are planned before the first of them runs.
const groupMax = 64

// runGroup runs the longest row of calls from call i on that need one shard each: shard by
// shard, so that each is owned once, with the replies put back in the order of the calls.
// Call i has been planned. It returns the number of calls that have run, at least one. While
// somebody hears what happens to keys, the row ends where the shard changes: what is told is in
// the order of the calls.
func (r *Runner) runGroup(s *session.Session, b *Batch, i int, out *reply.Buffer) int {
	first := r.plans[0].shard
	same, heard := true, r.engine.isHeard()
	most := min(b.Len()-i, groupMax)
	for r.group = 1; r.group < most; r.group++ {
		p := &r.plans[r.group]
		r.plan(p, s, b.Argv(i+r.group))
		if p.shard == none || r.pausedUntil(s, p) != 0 || heard && p.shard != first {
			break
		}
		same = same && p.shard == first
	}
	if same {
		out.Proto = s.Proto
		r.runOn(first, s.DB, b, i, out)
	} else {
		r.runScattered(s, b, i, out)
	}
	return r.group
}

// runOn runs those of the planned calls from call i on that need the given shard.
func (r *Runner) runOn(shard, db int, b *Batch, i int, out *reply.Buffer) {
	if !r.hold(shard) {
		r.refuseBusy(shard, out)
		return
	}
	r.warm(shard, db, b, i)
	r.startLap()
	for k := range r.group {
		p := &r.plans[k]
		if p.shard != shard {
			continue
		}
		if r.hold(shard) {
			r.onShard(p, b.Argv(i+k), out)
		} else {
			out.Fail(r.engine.errBusy())
		}
		p.end = out.Len()
	}
	r.endLap()
}

// warmFrom is how many keys a database has that does not fit a processor's caches.
const warmFrom = 4096

// warm lets the held shard's memory come near for all calls of the group at once.
func (r *Runner) warm(shard, db int, b *Batch, i int) {
	r.warmInner(shard, db, b, i)
	if r.space.DB(db).Len() < warmFrom {
		return
	}
	r.keys = r.keys[:0]
	for k := range r.group {
		if p := &r.plans[k]; p.shard == shard && p.row.FirstKey > 0 {
			r.keys = append(r.keys, b.Argv(i + k)[p.row.FirstKey])
		}
	}
	if len(r.keys) > 1 {
		r.warmth += r.space.DB(db).Warm(r.keys, r.hashes)
	}
}

// warmInner does the same for what calls look up within the value of one key, as ids in a stock
// that all want: that of the first such call.
func (r *Runner) warmInner(shard, db int, b *Batch, i int) {
	r.keys = r.keys[:0]
	var key []byte
	for k := range r.group {
		p := &r.plans[k]
		if p.row.Inner == 0 || p.shard != shard {
			continue
		}
		argv := b.Argv(i + k)
		if key == nil {
			key = argv[p.row.FirstKey]
		}
		if string(argv[p.row.FirstKey]) == string(key) {
			r.keys = append(r.keys, argv[p.row.Inner])
		}
	}
	if len(r.keys) > 1 {
		r.warmth += r.space.DB(db).WarmInner(key, r.keys, r.hashes)
	}
}

// runScattered runs the planned calls from call i on, which lie on several shards.
func (r *Runner) runScattered(s *session.Session, b *Batch, i int, out *reply.Buffer) {
	for shard := range r.groups {
		part := &r.groups[shard]
		part.B, part.Proto = part.B[:0], s.Proto
		if r.needs(shard) {
			r.runOn(shard, s.DB, b, i, part)
		}
	}
	clear(r.taken)
	for _, p := range r.plans[:r.group] {
		out.B = append(out.B, r.groups[p.shard].B[r.taken[p.shard]:p.end]...)
		r.taken[p.shard] = p.end
	}
}

// needs tells whether a planned call needs the shard.
func (r *Runner) needs(shard int) bool {
	for k := range r.group {
		if r.plans[k].shard == shard {
			return true
		}
	}
	return false
}

// refuseBusy answers the planned calls of a shard that a long script owns.
func (r *Runner) refuseBusy(shard int, out *reply.Buffer) {
	for k := range r.group {
		if p := &r.plans[k]; p.shard == shard {
			out.Fail(r.engine.errBusy())
			p.end = out.Len()
		}
	}
}
