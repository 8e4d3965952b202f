// SPDX-License-Identifier: Apache-2.0

package server

// serveOthers is called again and again in the middle of a call that takes long, which is a
// script's: it does a round for all connections but the one that waits for that call.
//
// The round that the call has interrupted is still in use, down to the scratch memory that
// the arguments of the call lie in, so the others have a [round] of their own. Its worker
// calls nobody while it is busy: there is one level of this and no more.
func (l *loop) serveOthers() {
	if l.other.worker == nil {
		l.other = newRound(l.server)
		l.other.worker.caller.InsideCall()
	}
	s := l.running
	l.sockets[s.fd] = nil // nothing finds it there, whatever happens to its descriptor
	interrupted := l.round
	l.round = l.other

	l.server.begin(l.worker)
	l.sendFinished(&interrupted)
	clear(interrupted.events) // what is still so comes again
	_ = l.serve(0)            // if epoll fails, it will say so to the next round, too

	l.other, l.round = l.round, interrupted
	l.sockets[s.fd] = s
	s.conn.activeMs = l.other.worker.NowMs
}

// sendFinished sends the replies of an interrupted round to all but the connection whose
// call runs.
func (l *loop) sendFinished(r *round) {
	kept := r.answers[:0]
	for _, a := range r.answers {
		if a.socket == r.running {
			kept = append(kept, a)
		} else {
			l.send(a, r.worker.out.B)
		}
	}
	r.answers = kept
	l.goOn()
}
