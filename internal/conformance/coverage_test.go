// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"slices"
	"strings"
	"testing"
)

// TestEveryCommandHasAScript wants each command of ours to be called by at least one script.
func TestEveryCommandHasAScript(t *testing.T) {
	c, err := Dial(StartStampede(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	list, err := c.must("COMMAND", "LIST")
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, file := range scripts(t) {
		s, err := parseScript(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range s.steps {
			words := strings.Fields(strings.ToLower(st.words))
			for n := range min(2, len(words)) {
				called[strings.Join(words[:n+1], "|")] = true
			}
		}
	}
	names := flatten(list)
	slices.Sort(names)
	for _, name := range names {
		if !called[strings.ToLower(name)] {
			t.Errorf("no script calls %s", strings.ToUpper(name))
		}
	}
}

// notFuzzed gives the reason for each command of Redis that the fuzzer does not draw; a name
// stands for its subcommands, too.
func notFuzzed() map[string]string {
	const (
		ofProcess = "is about the process, not about data"
		ofClients = "is about connections, of which the fuzzer has too few"
		ofTable   = "is compared whole with that of redis-server"
		ofTime    = "what it answers is a matter of time"
		ends      = "ends the connection, or the server"
	)
	return map[string]string{
		"DUMP":       "is drawn within a script; recorded ones exchange dumps with redis-server",
		"RESTORE":    "see DUMP",
		"MIGRATE":    "needs a third server; TestMigrate and its like compare what it does",
		"FUNCTION":   "scripts exchange its dumps with redis-server; the others are about the process",
		"EVALSHA_RO": "EVALSHA and EVAL_RO",
		"SCRIPT":     "scripts are dropped by other rules, so that replies differ on purpose",
		"COMMAND":    ofTable, "AUTH": "the fuzzer's servers have no password",
		"SUBSCRIBE": ofClients, "UNSUBSCRIBE": ofClients, "PSUBSCRIBE": ofClients,
		"PUNSUBSCRIBE": ofClients, "SSUBSCRIBE": ofClients, "SUNSUBSCRIBE": ofClients,
		"MONITOR": ofClients, "PUBSUB": "HELP is read by people only",
		"CLIENT": ofClients, "QUIT": ends, "SHUTDOWN": ends,
		"CONFIG": ofProcess, "DEBUG": ofProcess, "INFO": ofProcess, "LOLWUT": ofProcess,
		"LATENCY": ofTime, "MEMORY": ofProcess, "SLOWLOG": ofTime,
		"BGREWRITEAOF": ofProcess, "BGSAVE": ofProcess, "LASTSAVE": ofTime, "SAVE": ofProcess,
		"PFSELFTEST": "takes redis-server half a second, and has no arguments",
		"WAIT":       "is answered at once on purpose",
		"REPLICAOF":  ofProcess, "SLAVEOF": ofProcess, "ROLE": ofProcess,
		"OBJECT": "the subcommands that are left count references, which nobody else has",
	}
}

// TestEveryCommandIsFuzzed wants each command that redis-server has too to be among the rows of
// the fuzzer, or a reason.
func TestEveryCommandIsFuzzed(t *testing.T) {
	theirs := commandRows(t, dialTest(t, StartRedis(t)))
	ours := commandRows(t, dialTest(t, StartStampede(t)))
	drawn := map[string]bool{}
	for _, row := range parseRows() {
		name, _, _ := strings.Cut(row.name, " ")
		drawn[strings.ToLower(name)] = true
		drawn[strings.ToLower(strings.ReplaceAll(row.name, " ", "|"))] = true
	}
	reasons := notFuzzed()
	for name := range ours {
		container, _, _ := strings.Cut(name, "|")
		_, shared := theirs[name]
		excused := reasons[strings.ToUpper(container)] != ""
		if shared && !drawn[name] && !excused {
			t.Errorf("no row of the fuzzer draws %s, and there is no reason", strings.ToUpper(name))
		}
	}
	for name := range reasons {
		if _, there := ours[strings.ToLower(name)]; !there {
			t.Errorf("there is a reason for %s, which there is not", name)
		}
	}
}
