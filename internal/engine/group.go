// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"stampede/internal/reply"
	"stampede/internal/session"
)

// groupMax bounds how many calls one ownership of a shard may run.
const groupMax = 256

// runGroup runs the longest row of calls from call i on that need one shard each: shard by
// shard, so that each is owned once, with the replies put back in the order of the calls.
// first is the plan of call i. It returns the number of calls that have run, at least one.
func (r *Runner) runGroup(s *session.Session, b *Batch, i int, first plan, out *reply.Buffer) int {
	r.plans = append(r.plans[:0], first)
	same := true
	for j := i + 1; j < b.Len() && len(r.plans) < groupMax; j++ {
		p := r.plan(s, b.Argv(j))
		if p.shard == none || r.pausedUntil(s, &p) != 0 {
			break
		}
		same = same && p.shard == first.shard
		r.plans = append(r.plans, p)
	}
	if same {
		for k, p := range r.plans {
			r.runPlanned(s, p, b.Argv(i+k), out)
		}
		return len(r.plans)
	}
	r.runScattered(s, b, i, out)
	return len(r.plans)
}

// runScattered runs the planned calls from call i on, which lie on several shards.
func (r *Runner) runScattered(s *session.Session, b *Batch, i int, out *reply.Buffer) {
	for shard := range r.groups {
		part := &r.groups[shard]
		part.B = part.B[:0]
		for k := range r.plans {
			if p := &r.plans[k]; p.shard == shard {
				r.runPlanned(s, *p, b.Argv(i+k), part)
				p.end = part.Len()
			}
		}
	}
	clear(r.taken)
	for _, p := range r.plans {
		out.B = append(out.B, r.groups[p.shard].B[r.taken[p.shard]:p.end]...)
		r.taken[p.shard] = p.end
	}
}
