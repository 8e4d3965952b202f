// SPDX-License-Identifier: Apache-2.0

// Package sim is the proof that what is acknowledged is kept: it runs the whole store above a
// simulated disk that fails and loses power, and compares what is found after each restart
// with what had been promised.
//
// # Two ways
//
// The simulation (TestSimulation) is one goroutine: clients take turns, the journal's work is
// done by its Commit and Flush, a snapshot is written with calls of other clients between its
// steps, and time is a number. From one seed follow the history, the faults and the power
// cuts; only in which shard a key lies is up to the process. The flag -seeds runs more of
// them, STAMPEDE_SEED others.
//
// The other (TestPowerCuts) lets real clients talk to a real server at the same time and cuts
// the power at some moment: there the order of things is up to the machine, but not what must
// be true of them.
//
// # The twin
//
// What should be there is told by a slow model of the keyspace, made of maps, that is fed
// with the records of the journal: see the type twin. At every moment at which all records
// can be read it must equal the store, so nothing changes without being told; after a restart
// the store must equal the twin at the position where the journal ends, so what is found is a
// prefix of what happened, whole records of it, and that position must not lie before what
// was said to be durable.
//
// # What is not here
//
// Crashes of a real process: package conformance. Only tests import this package, which has
// nothing but tests.
package sim
