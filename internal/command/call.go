// SPDX-License-Identifier: Apache-2.0

package command

import (
	"stampede/internal/pubsub"
	"stampede/internal/reply"
	"stampede/internal/session"
)

// Call is one call on its way through the store. It is valid while its handler runs:
// the arguments are views into the connection's buffer, and a handler that keeps some of
// their bytes copies them.
type Call struct {
	Argv     [][]byte         // the whole call; Argv[0] is the name as the client wrote it
	Args     Args             // reads the arguments behind the name (behind the subcommand)
	Row      *Row             // what the call is
	Reply    *reply.Buffer    // where its answer goes: exactly one reply
	Session  *session.Session // whose call it is
	DB       int              // number of the database that the session had selected
	NowMs    int64            // Unix time in milliseconds; the same for all calls of a group
	InScript bool             // it is a call of a script
	InExec   bool             // it runs as part of a transaction or a script: it must not wait
	InLua    bool             // it runs as part of a script

	// Durable is what a handler sets whose reply must not be seen before everything that the
	// call saw or did is durable in the journal, whatever appendfsync says.
	Durable bool

	// AtOnce is what a handler sets whose reply may be seen before that, whatever appendfsync
	// says. Replies before it on the same connection that must wait hold it back all the same.
	AtOnce bool

	// Ledger is what the handler of a sale sets whose reply must not be seen before the
	// database of record has what the call saw or did. Durable goes with it.
	Ledger bool

	// Posts is what a handler says that runs in a transaction or a script (InExec): it is
	// published when that ends, and only then. The bytes may be views into the arguments.
	Posts []pubsub.Message

	// For handlers of [Waiting]. Others tells whether other calls wait for one of its keys
	// already; Wait is what the handler says when it has to wait, too.
	Others bool
	Ready  []byte // the key that has changed, when the call is tried again; nil at first
	Wait   Wait
}

// Wait says for what, and how long, a call waits.
type Wait struct {
	Keys    [][]byte // a change of one of these lets it try again; nil: of any of its keys
	UntilMs int64    // Unix time when it gives up; 0: never
	RetryMs int64    // Unix time when it is to try again though nothing has changed; 0: none
	State   any      // what the handler remembers from one try to the next
}
