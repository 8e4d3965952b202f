// SPDX-License-Identifier: Apache-2.0

package server

import (
	"stampede/internal/config"
	"stampede/internal/session"
)

// Limits of a connection that no parameter changes. docs/limits.md names them all.
const (
	// batchCallsMax is how many calls run before their replies are looked at.
	batchCallsMax = 512
	// replyBytesGuess is how large replies are thought to be before there was one.
	replyBytesGuess = 16 << 10
	// readBytesMax is the most that one read brings, unless a large argument is under way.
	readBytesMax = 64 << 10
	// waitBytesMax is how much input a connection that waits may have. Beyond it nothing is
	// read until the connection goes on.
	waitBytesMax = 64 << 10
	// keepBytesMax is the capacity of a buffer that survives the need for it.
	keepBytesMax = 1 << 20
)

// Limits is how much connections may take.
type Limits struct {
	ClientsMax       int   // connections at a time (maxclients)
	BulkBytesMax     int   // of one argument (proto-max-bulk-len)
	QueryBytesMax    int   // input that has not run, and MULTI's queue (client-query-buffer-limit)
	IdleMs           int64 // after which a silent connection is closed; 0: never (timeout)
	KeepAliveSeconds int   // between probes of a silent TCP peer; 0: none (tcp-keepalive)

	Output [4]config.OutputLimit // by session.Kind (client-output-buffer-limit)

	// A connection whose unsent output exceeds StallBytes runs no further call until half
	// of it has gone, if all connections together have more than TotalBytes unsent; beyond
	// StallBytesMax it does so in any case. So clients that write a long pipeline before they
	// read its replies are served as long as there is room, and nobody takes it all.
	StallBytes, StallBytesMax, TotalBytes int
}

// How far the output of a connection may grow while its client goes on sending.
const (
	stallBytes    = 1 << 20
	stallBytesMax = 64 << 20
	totalBytes    = 256 << 20
)

// readLimits are the limits that the configuration sets at the moment.
func readLimits(c *config.Config) *Limits {
	l := &Limits{
		ClientsMax:       int(c.Int(config.MaxClients)),
		BulkBytesMax:     int(c.Int(config.ProtoMaxBulkLen)),
		QueryBytesMax:    int(c.Int(config.ClientQueryBufferLimit)),
		IdleMs:           c.Int(config.Timeout) * 1000,
		KeepAliveSeconds: int(c.Int(config.TCPKeepAlive)),
		StallBytes:       stallBytes,
		StallBytesMax:    stallBytesMax,
		TotalBytes:       totalBytes,
	}
	l.Output[session.Normal] = c.OutputLimit("normal")
	l.Output[session.PubSub] = c.OutputLimit("pubsub")
	l.Output[session.Replica] = c.OutputLimit("slave")
	return l
}

// limitParams are the parameters that readLimits reads.
func limitParams() []config.Param {
	return []config.Param{
		config.MaxClients, config.ProtoMaxBulkLen, config.ClientQueryBufferLimit,
		config.Timeout, config.TCPKeepAlive, config.ClientOutputBufferLimit,
	}
}
