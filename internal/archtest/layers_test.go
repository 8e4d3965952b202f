// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"strings"
	"testing"
)

// layers is the whole policy: a package imports from the lines above its own, never from
// its own line or below. A name that ends in /* stands for the packages below that folder.
// Moving a name up needs a reason in the commit message.
var layers = strings.Split(strings.TrimSpace(`
internal/assert internal/figures internal/glob internal/slot internal/longdouble internal/disk
internal/loopback kit/*
internal/resp internal/container/arena internal/container/listpack internal/container/btree
internal/container/table internal/container/intset
internal/container/dict internal/container/ring
internal/container/quicklist internal/container/stream
internal/jsondoc internal/rdb internal/journal internal/effect internal/stock internal/lease
internal/jsonpath internal/migrate
internal/object internal/pubsub internal/loadgen internal/pgcluster
internal/reply
internal/keyspace
internal/session internal/config
internal/command internal/shard internal/metrics
internal/txn internal/script/lualib
internal/script internal/persist internal/ledger
internal/family/*
internal/engine
internal/server
internal/demo internal/salebench
internal/verify
cmd/stampede
`), "\n")

// free are the packages that only tests import, or that only test. They may import
// anything and nothing but tests imports them.
var free = []string{
	"internal/archtest", "internal/command/commandtest", "internal/conformance",
	"internal/resp/oracle", "internal/seedtest", "internal/disk/faulty", "internal/sim",
	"internal/pgtest",
}

// alone are the packages that could be published tomorrow: they import of ours only what
// stands here.
var alone = map[string][]string{
	"internal/resp":               {"internal/assert"},
	"internal/container/arena":    {"internal/assert"},
	"internal/container/listpack": {"internal/assert"},
	"internal/container/btree":    {"internal/assert"},
	"internal/container/intset":   {"internal/assert"},
}

func TestImports(t *testing.T) {
	level := func(name string) int {
		for i, line := range layers {
			for _, pattern := range strings.Fields(line) {
				if pattern == name || strings.HasSuffix(pattern, "/*") &&
					strings.HasPrefix(name, strings.TrimSuffix(pattern, "*")) {
					return i
				}
			}
		}
		return -1
	}
	for _, p := range packages(t) {
		if isFree(p.name) {
			continue
		}
		at := level(p.name)
		if at < 0 {
			t.Errorf("%s stands on no line of layers", p.name)
			continue
		}
		for _, imported := range p.imports {
			if allowed, ok := alone[p.name]; ok && !contains(allowed, imported) {
				t.Errorf("%s imports %s, but is to be usable alone", p.name, imported)
			}
			if isFree(imported) {
				t.Errorf("%s imports %s, which is for tests", p.name, imported)
			} else if level(imported) >= at {
				t.Errorf("%s imports %s, which does not stand above it", p.name, imported)
			}
		}
	}
}

func isFree(name string) bool {
	for _, f := range free {
		if name == f || strings.HasPrefix(name, f+"/") {
			return true
		}
	}
	return false
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}
