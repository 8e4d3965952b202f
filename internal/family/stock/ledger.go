// SPDX-License-Identifier: Apache-2.0

package stock

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	rules "stampede/internal/stock"
)

// Ledger is what the family asks of the database of record. Neither call waits.
type Ledger interface {
	// Failed is why it takes nothing any more, or nil.
	Failed() error
	// Refusal is why nothing more may be held as long as it is so far behind, or nil.
	Refusal() error
}

// family is what the handlers that sell share.
type family struct {
	ledger func() Ledger // may give nil
}

// The refusals.
const (
	errLedger reply.Error = "ERR there is no ledger that could acknowledge (serve --postgres): " +
		"ACK MEMORY and ACK JOURNAL are there"
	errLedgerEnded reply.Error = "LEDGERFAILED nothing was sold: the ledger takes nothing any more. "
	errBehind      reply.Error = "LEDGERLAG no units are held until the ledger has caught up: "
)

// noLedger is why no sale can be acknowledged by the ledger, or empty.
func (f family) noLedger() reply.Error {
	l := f.ledger()
	if l == nil {
		return errLedger
	}
	if err := l.Failed(); err != nil {
		return errLedgerEnded + reply.Error(err.Error())
	}
	return ""
}

// tooFarBehind tells whether nothing may be held; then the call has been answered.
func (f family) tooFarBehind(c *command.Call) bool {
	l := f.ledger()
	if l == nil {
		return false
	}
	err := l.Refusal()
	if err != nil {
		c.Reply.Fail(errBehind + reply.Error(err.Error()))
	}
	return err != nil
}

// refuses is tooFarBehind for a call of STOCK.HOLD: an id that is known gets the answer that
// it got.
func (f family) refuses(s *keyspace.Stock, c *command.Call, r *rules.Request) bool {
	if l := f.ledger(); l == nil || l.Refusal() == nil {
		return false
	}
	_, known, err := s.Check(*r)
	return err == nil && !known && f.tooFarBehind(c)
}
