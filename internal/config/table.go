// SPDX-License-Identifier: Apache-2.0

package config

import (
	"math"
	"slices"

	"stampede/internal/keyspace"
)

// row is one parameter.
type row struct {
	name   string
	older  string // the name it had in earlier versions of Redis
	kind   kind
	preset string // default
	when   when
	secret bool // never in a log
	inert  bool // accepted and shown, without effect here or not yet
}

// when says when a parameter may change.
type when uint8

const (
	always  when = iota
	atStart      // only by a file or a flag
	bound        // as atStart, but it is checked, and the value it has may be set again
	guarded      // as bound; enable-protected-configs stands before that
)

// Param is a parameter that the program itself reads.
type Param int

// The parameters that the program reads; their names are those of redis.conf.
const (
	Port Param = iota
	Bind
	ProtectedMode
	UnixSocket
	UnixSocketPerm
	TCPBacklog
	TCPKeepAlive
	Timeout // seconds, 0: never
	MaxClients
	ClientQueryBufferLimit
	ClientOutputBufferLimit
	ProtoMaxBulkLen
	RequirePass
	Databases
	MaxMemory
	MaxMemoryPolicy
	MaxMemorySamples
	HZ
	HashMaxListpackEntries
	HashMaxListpackValue
	ZSetMaxListpackEntries
	ZSetMaxListpackValue
	SetMaxIntsetEntries
	ListMaxListpackSize
	StreamNodeMaxBytes
	StreamNodeMaxEntries
	HLLSparseMaxBytes
	NotifyKeyspaceEvents
	BusyReplyThreshold
	LuaDefaultFlags      // see [Config.SeparateScripts]
	SlowLogLogSlowerThan // microseconds
	SlowLogMaxLen
	LatencyMonitorThreshold // milliseconds, 0: off
	LatencyTracking
	LatencyTrackingInfoPercentiles
	EnableDebugCommand
	EnableProtectedConfigs
	LogLevel
	LogFile
	Dir
	DBFilename
	Save
	AppendOnly
	AppendFsync
	AutoAOFRewritePercentage
	AutoAOFRewriteMinSize // bytes
	StopWritesOnBgsaveError
	SnapshotSchedule // five fields as in a crontab; empty: none
	LedgerAckTimeout // milliseconds, 0: none
	LedgerLagMaxSeconds
	LedgerLagMaxBytes
	LedgerLagPolicy
	paramCount
)

const maxInt32 = math.MaxInt32

// allRows is the table: the parameters with a constant, at the places of their constants,
// and behind them those that the program never reads.
func allRows() []row { return slices.Concat(effective(), inert()) }

func effective() []row {
	rows := make([]row, 0, paramCount)
	rows = append(rows, networkRows()...)
	rows = append(rows, storeRows()...)
	rows = append(rows, encodingRows()...)
	return append(rows, operationRows()...)
}

func networkRows() []row {
	return []row{
		{name: "port", kind: integer{min: 0, max: 65535}, preset: "6379", when: bound},
		{name: "bind", kind: words{}, preset: "127.0.0.1 -::1", when: bound},
		{name: "protected-mode", kind: yesNo{}, preset: "yes"},
		{name: "unixsocket", kind: text{}, when: atStart},
		{name: "unixsocketperm", kind: octal{}, preset: "0", when: atStart},
		{name: "tcp-backlog", kind: integer{min: 0, max: maxInt32}, preset: "511", when: atStart},
		{name: "tcp-keepalive", kind: integer{min: 0, max: maxInt32}, preset: "300"},
		{name: "timeout", kind: integer{min: 0, max: maxInt32}, preset: "0"},
		{name: "maxclients", kind: integer{min: 1, max: math.MaxUint32}, preset: "10000"},
		{name: "client-query-buffer-limit", kind: memory{min: 1 << 20}, preset: "1gb"},
		{name: "client-output-buffer-limit", kind: outputLimits{},
			preset: "normal 0 0 0 slave 256mb 64mb 60 pubsub 32mb 8mb 60"},
		{name: "proto-max-bulk-len", kind: memory{min: 1 << 20, max: 1 << 30}, preset: "512mb"},
		{name: "requirepass", kind: text{}, secret: true},
	}
}

func storeRows() []row {
	return []row{
		{name: "databases", kind: integer{min: 1, max: keyspace.Databases},
			preset: "16", when: atStart},
		{name: "maxmemory", kind: memory{}, preset: "0"},
		{name: "maxmemory-policy", kind: word{"volatile-lru", "volatile-lfu", "volatile-random",
			"volatile-ttl", "allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction"},
			preset: "noeviction"},
		{name: "maxmemory-samples", kind: integer{min: 1, max: maxInt32}, preset: "5"},
		{name: "hz", kind: frequency{}, preset: "10", inert: true},
	}
}

func encodingRows() []row {
	anyCount := integer{min: 0, max: math.MaxInt64}
	return []row{
		{name: "hash-max-listpack-entries", older: "hash-max-ziplist-entries", kind: anyCount,
			preset: "512"},
		{name: "hash-max-listpack-value", older: "hash-max-ziplist-value", kind: memory{},
			preset: "64"},
		{name: "zset-max-listpack-entries", older: "zset-max-ziplist-entries", kind: anyCount,
			preset: "128"},
		{name: "zset-max-listpack-value", older: "zset-max-ziplist-value", kind: memory{},
			preset: "64"},
		{name: "set-max-intset-entries", kind: anyCount, preset: "512"},
		{name: "list-max-listpack-size", older: "list-max-ziplist-size",
			kind: integer{min: math.MinInt32, max: maxInt32}, preset: "-2"},
		{name: "stream-node-max-bytes", kind: memory{}, preset: "4096"},
		{name: "stream-node-max-entries", kind: anyCount, preset: "100"},
		{name: "hll-sparse-max-bytes", kind: memory{}, preset: "3000"},
	}
}

func operationRows() []row {
	anyCount := integer{min: 0, max: math.MaxInt64}
	return []row{
		{name: "notify-keyspace-events", kind: eventClasses{}},
		{name: "busy-reply-threshold", older: "lua-time-limit", kind: anyCount,
			preset: "5000"},
		{name: "lua-default-flags", kind: scriptFlags{}},
		{name: "slowlog-log-slower-than", kind: integer{min: -1, max: math.MaxInt64},
			preset: "10000"},
		{name: "slowlog-max-len", kind: anyCount, preset: "128"},
		{name: "latency-monitor-threshold", kind: anyCount, preset: "0"},
		{name: "latency-tracking", kind: yesNo{}, preset: "yes"},
		{name: "latency-tracking-info-percentiles", kind: percentiles{}, preset: "50 99 99.9"},
		{name: "enable-debug-command", kind: word{"no", "yes", "local"}, preset: "no",
			when: atStart},
		{name: "enable-protected-configs", kind: word{"no", "yes", "local"}, preset: "no",
			when: atStart},
		{name: "loglevel", kind: word{"debug", "verbose", "notice", "warning"}, preset: "notice"},
		{name: "logfile", kind: text{}, when: atStart},
		{name: "dir", kind: text{}, preset: ".", when: guarded},
		{name: "dbfilename", kind: text{}, preset: "dump.rdb", when: guarded},
		{name: "save", kind: savePoints{}, preset: "3600 1 300 100 60 10000"},
		{name: "appendonly", kind: yesNo{}, preset: "yes", when: bound},
		{name: "appendfsync", kind: word{"everysec", "always", "no"}, preset: "everysec"},
		{name: "auto-aof-rewrite-percentage", kind: integer{min: 0, max: maxInt32}, preset: "100"},
		{name: "auto-aof-rewrite-min-size", kind: memory{}, preset: "64mb"},
		{name: "stop-writes-on-bgsave-error", kind: yesNo{}, preset: "yes"},
		{name: "snapshot-schedule", kind: crontab{}},
		{name: "ledger-ack-timeout", kind: integer{min: 0, max: maxInt32}, preset: "5000"},
		{name: "ledger-lag-max-seconds", kind: integer{min: 1, max: maxInt32}, preset: "30"},
		{name: "ledger-lag-max-bytes", kind: memory{min: 1 << 20}, preset: "1gb"},
		{name: "ledger-lag-policy", kind: word{"alarm", "refuse"}, preset: "alarm"},
	}
}
