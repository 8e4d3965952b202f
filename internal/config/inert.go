// SPDX-License-Identifier: Apache-2.0

package config

import (
	"math"
	"slices"
	"strings"
)

// inert are the parameters of Redis 7.0 that mean nothing here, or not yet: they are
// accepted, checked and shown.
func inert() []row {
	rows := slices.Concat(inertSwitches(), inertNumbers(), inertWords(), inertTexts())
	for i := range rows {
		rows[i].inert = true
		rows[i].secret = strings.HasSuffix(rows[i].name, "-pass") || rows[i].name == "masterauth"
	}
	return rows
}

// several makes rows of one kind. Each line is "name", "name|older-name" or one of these
// and, behind a blank, the default.
func several(k kind, w when, lines ...string) []row {
	rows := make([]row, len(lines))
	for i, line := range lines {
		names, preset, _ := strings.Cut(line, " ")
		name, older, _ := strings.Cut(names, "|")
		rows[i] = row{name: name, older: older, kind: k, preset: preset, when: w}
	}
	return rows
}

func inertSwitches() []row {
	return slices.Concat(several(yesNo{}, always,
		"activedefrag no", "activerehashing yes",
		"aof-disable-auto-gc no", "aof-load-truncated yes", "aof-rewrite-incremental-fsync yes",
		"aof-timestamp-enabled no", "aof-use-rdb-preamble yes", "no-appendfsync-on-rewrite no",
		"cluster-allow-pubsubshard-when-down yes", "cluster-allow-reads-when-down no",
		"cluster-allow-replica-migration yes", "cluster-require-full-coverage yes",
		"cluster-replica-no-failover|cluster-slave-no-failover no",
		"crash-log-enabled yes", "crash-memcheck-enabled yes", "dynamic-hz yes",
		"jemalloc-bg-thread yes", "lazyfree-lazy-eviction no", "lazyfree-lazy-expire no",
		"lazyfree-lazy-server-del no", "lazyfree-lazy-user-del no", "lazyfree-lazy-user-flush no",
		"rdb-del-sync-files no", "rdb-save-incremental-fsync yes", "rdbcompression yes",
		"repl-disable-tcp-nodelay no", "repl-diskless-sync yes",
		"replica-announced yes", "replica-ignore-disk-write-errors no",
		"replica-ignore-maxmemory|slave-ignore-maxmemory yes",
		"replica-lazy-flush|slave-lazy-flush no", "replica-read-only|slave-read-only yes",
		"replica-serve-stale-data|slave-serve-stale-data yes",
		"tls-cluster no", "tls-prefer-server-ciphers no", "tls-replication no",
		"tls-session-caching yes",
	), several(yesNo{}, atStart,
		"always-show-logo no", "cluster-enabled no", "daemonize no", "disable-thp yes",
		"io-threads-do-reads no", "rdbchecksum yes", "set-proc-title yes", "syslog-enabled no",
	))
}

func inertNumbers() []row {
	const maxInt64, maxUint32 = math.MaxInt64, math.MaxUint32
	return slices.Concat(
		several(integer{min: 0, max: maxInt32}, always,
			"cluster-migration-barrier 1",
			"cluster-replica-validity-factor|cluster-slave-validity-factor 10",
			"lfu-decay-time 1", "lfu-log-factor 10", "list-compress-depth 0",
			"min-replicas-max-lag|min-slaves-max-lag 10",
			"min-replicas-to-write|min-slaves-to-write 0", "repl-diskless-sync-delay 5",
			"repl-diskless-sync-max-replicas 0", "replica-priority|slave-priority 100",
			"shutdown-timeout 10",
			"tls-session-cache-size 20480", "tls-session-cache-timeout 300"),
		several(integer{min: 0, max: maxInt64}, always,
			"acllog-max-len 128", "cluster-node-timeout 15000", "repl-backlog-ttl 3600",
			"tracking-table-max-keys 1000000"),
		several(integer{min: 1, max: maxInt32}, always,
			"repl-ping-replica-period|repl-ping-slave-period 10", "repl-timeout 60"),
		several(integer{min: 1, max: maxInt64}, always, "active-defrag-max-scan-fields 1000"),
		several(integer{min: 1, max: 10}, always, "active-expire-effort 1"),
		several(integer{min: 0, max: 100}, always, "maxmemory-eviction-tenacity 10"),
		several(integer{min: 1, max: 99}, always,
			"active-defrag-cycle-max 25", "active-defrag-cycle-min 1"),
		several(integer{min: 0, max: 1000}, always,
			"active-defrag-threshold-lower 10", "active-defrag-threshold-upper 100"),
		several(integer{min: 0, max: 65535}, always,
			"cluster-announce-bus-port 0", "cluster-announce-port 0",
			"cluster-announce-tls-port 0", "replica-announce-port|slave-announce-port 0",
			"tls-port 0"),
		several(integer{min: 0, max: 65535}, atStart, "cluster-port 0"),
		several(integer{min: 1, max: 128}, atStart, "io-threads 1"),
		several(integer{min: 0, max: maxUint32}, atStart, "socket-mark-id 0"),
		several(memory{}, always,
			"active-defrag-ignore-bytes 100mb",
			"cluster-link-sendbuf-limit 0"),
		several(memory{min: 1}, always, "repl-backlog-size 1mb"),
		several(memory{percent: true}, always, "maxmemory-clients 0"),
	)
}

func inertWords() []row {
	signals := word{"default", "save", "nosave", "now", "force"}
	return slices.Concat(
		several(word{"allchannels", "resetchannels"}, always, "acl-pubsub-default resetchannels"),
		several(word{"ip", "hostname", "unknown-endpoint"}, always,
			"cluster-preferred-endpoint-type ip"),
		several(word{"no", "yes", "relative", "absolute"}, always, "oom-score-adj no"),
		several(word{"ignore", "panic", "panic-on-replicas"}, always,
			"propagation-error-behavior ignore"),
		several(word{"disabled", "on-empty-db", "swapdb"}, always, "repl-diskless-load disabled"),
		several(word{"no", "yes", "clients"}, always, "sanitize-dump-payload no"),
		several(word{"no", "yes", "optional"}, always, "tls-auth-clients yes"),
		several(signals, always, "shutdown-on-sigint default", "shutdown-on-sigterm default"),
		several(word{"no", "yes", "local"}, atStart, "enable-module-command no"),
		several(word{"no", "upstart", "systemd", "auto"}, atStart, "supervised no"),
		several(text{}, atStart, "syslog-facility local0", "syslog-ident redis"),
	)
}

func inertTexts() []row {
	return slices.Concat(
		several(text{}, always,
			"bind-source-addr", "cluster-announce-hostname", "cluster-announce-ip", "masterauth",
			"masteruser", "replica-announce-ip|slave-announce-ip", "tls-ca-cert-dir",
			"tls-ca-cert-file", "tls-cert-file", "tls-ciphers", "tls-ciphersuites",
			"tls-client-cert-file", "tls-client-key-file", "tls-client-key-file-pass",
			"tls-dh-params-file", "tls-key-file", "tls-key-file-pass", "tls-protocols"),
		several(text{}, atStart,
			"aclfile", "aof_rewrite_cpulist", "appenddirname appendonlydir",
			"appendfilename appendonly.aof", "bgsave_cpulist", "bio_cpulist",
			"cluster-config-file nodes.conf", "pidfile", "server_cpulist"),
		several(words{}, always,
			"ignore-warnings", "proc-title-template {title} {listen-addr} {server-mode}"),
		several(words{}, atStart, "replicaof|slaveof"),
		several(scores{}, always, "oom-score-adj-values 0 200 800"),
	)
}
