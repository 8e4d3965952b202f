// SPDX-License-Identifier: Apache-2.0

// Package verify is the proof that a user can run: it asks a server over TCP, kills it, starts
// it again, and looks for answers that contradict each other.
//
// Three kinds of proof stand here:
//
//   - histories of concurrent clients ([CheckRegisters], [CheckBank], [CheckSales]), checked
//     for linearizability;
//   - crashes ([CheckCrashes]): a server is killed under load, started again, and asked what it
//     still knows;
//   - a sale under crashes ([CheckLiveSale]): buyers hold and confirm while the server is
//     killed, ask again under the same ids, and keep books of their own.
//
// The tests of package conformance call the same with their own sizes.
//
// # Ownership
//
// A [Conn] belongs to one goroutine. The checks start goroutines and processes of their own and
// have ended them when they return. They empty the servers they talk to: point them at nothing
// that holds data.
//
// # What is not here
//
// Anything of our own server: this package has its own client and its own reader of the
// protocol, so that a mistake in ours cannot hide itself. Comparison with a real Redis: package
// conformance. The simulator, which needs the store in its own process: package sim.
package verify

// Reporter takes what a check finds. A *testing.T is one.
type Reporter interface {
	// Errorf reports a violation. It may be called by several goroutines.
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
}
