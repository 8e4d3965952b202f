// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"stampede/internal/effect"
	"stampede/internal/jsondoc"
	"stampede/internal/persist"
)

// tool runs a command of the program.
func tool(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// askLoaded is ask of a program that may still be loading its data.
func askLoaded(t *testing.T, p *program, line string) string {
	t.Helper()
	for {
		answer := ask(t, "tcp", p.addr, line)
		if !strings.HasPrefix(answer, "-LOADING") {
			return answer
		}
	}
}

// filled is the folder of a store that ran and that made the calls.
func filled(t *testing.T, calls ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	p := startProgram(t, "--dir", dir, "--save", "")
	for _, call := range calls {
		if answer := askLoaded(t, p, call); strings.HasPrefix(answer, "-") {
			t.Fatalf("%s: %s", call, answer)
		}
	}
	if code := p.stop(); code != exitOK {
		t.Fatalf("exit code %d: %s", code, p.stderr)
	}
	return dir
}

// firstSegment is the path of a store's first segment.
func firstSegment(dir string) string {
	return filepath.Join(dir, persist.JournalDir, "0000000000000000.log")
}

// spoil turns a bit of a file round where it holds some text.
func spoil(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(file, []byte(text))
	if at < 0 {
		t.Fatalf("there is no %q in %s", text, path)
	}
	file[at] ^= 1
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestJournalIsShown(t *testing.T) {
	dir := filled(t, "SET a 1 PXAT 4102444800123", "SET long "+strings.Repeat("x", 100), "DEL a",
		"MSET b 1 c 2")
	code, out, errs := tool(t, "journal", "dump", dir)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var positions []string
	for i, want := range []string{
		`set db0 "a" "1" until 2100-01-01T00:00:00.123Z`,
		`set db0 "long" "` + strings.Repeat("x", 64) + `"… (100 bytes)`,
		`remove db0 "a"`, `set db0 "b" "1"`, `set db0 "c" "2"`,
	} {
		position, line, _ := strings.Cut(lines[min(i, len(lines)-1)], " ")
		positions = append(positions, position)
		if line != want {
			t.Errorf("line %d is %s, want %s", i, line, want)
		}
	}
	if len(lines) != 5 || positions[3] != positions[4] || positions[2] == positions[3] {
		t.Errorf("the records are not told apart:\n%s", out)
	}
	for _, journal := range []string{dir, filepath.Join(dir, persist.JournalDir)} {
		_, out, _ = tool(t, "journal", "dump", journal, "--from", positions[0], "-n", "1", "--full")
		want := positions[1] + ` set db0 "long" "` + strings.Repeat("x", 100) + "\"\n"
		if out != want {
			t.Errorf("one record after the first: %s, want %s", out, want)
		}
	}
	for from, says := range map[string]string{
		"7": "no record ends at position 7", "999999999999": "ends before position 999999999999",
	} {
		if code, _, errs = tool(t, "journal", "dump", dir, "--from", from); code != exitFailed ||
			!strings.Contains(errs, says) {
			t.Errorf("from %s: exit code %d: %s", from, code, errs)
		}
	}
}

func TestJournalIsCheckedAndRepaired(t *testing.T) {
	dir := filled(t, "SET good 1", "SET bad 1", "SET lost 1")
	code, out, errs := tool(t, "journal", "check", dir)
	if code != exitOK || !strings.Contains(out, "3 records from position 0 to") {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	if code, out, _ = tool(t, "journal", "repair", dir); code != exitOK ||
		!strings.Contains(out, "nothing to repair") {
		t.Errorf("a sound one: exit code %d: %s", code, out)
	}
	spoil(t, firstSegment(dir), "bad")
	code, _, errs = tool(t, "journal", "check", dir)
	if code != exitFailed || !strings.Contains(errs, firstSegment(dir)+" is damaged at byte") ||
		!strings.Contains(errs, "1 record from position 0") {
		t.Errorf("a damaged one: exit code %d: %s", code, errs)
	}
	if code, out, errs = tool(t, "journal", "dump", dir); code != exitFailed ||
		!strings.Contains(out, `set db0 "good"`) || !strings.Contains(errs, "damaged") {
		t.Errorf("the dump of a damaged one: exit code %d: %s%s", code, out, errs)
	}
	if code, _, errs = tool(t, "serve", "--port", "0", "--dir", dir); code != exitFailed ||
		!strings.Contains(errs, "damaged") {
		t.Errorf("a server starts on a damaged one: %d: %s", code, errs)
	}
	if code, out, errs = tool(t, "journal", "repair", dir, "--yes"); code != exitOK {
		t.Fatalf("repair: exit code %d: %s%s", code, out, errs)
	}
	if kept, err := os.ReadFile(firstSegment(dir) + ".damaged"); err != nil ||
		!bytes.Contains(kept, []byte("lost")) {
		t.Errorf("what was cut off: %q, %v", kept, err)
	}
	if code, out, _ = tool(t, "journal", "check", dir); code != exitOK {
		t.Errorf("after the repair: exit code %d: %s", code, out)
	}
	p := startProgram(t, "--dir", dir)
	for call, want := range map[string]string{"GET good": "$1", "EXISTS bad lost": ":0"} {
		if got := askLoaded(t, p, call); got != want {
			t.Errorf("%s after the repair: %s", call, got)
		}
	}
}

func TestRepairAsksFirst(t *testing.T) {
	dir := filled(t, "SET bad 1", "SET k v")
	spoil(t, firstSegment(dir), "bad")
	for answer, repaired := range map[string]bool{"": false, "no\n": false, "yes\n": true} {
		var c JournalRepairCmd
		parser, err := kong.New(&c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse([]string{dir}); err != nil {
			t.Fatal(err)
		}
		c.stdin = strings.NewReader(answer)
		before, _, _ := tool(t, "journal", "check", dir)
		err = c.Run(surroundings{stdout: io.Discard, stderr: io.Discard})
		after, _, _ := tool(t, "journal", "check", dir)
		if before == exitFailed && (err == nil) != repaired || !repaired && after != before {
			t.Errorf("answer %q: exit code of check %d, then %d: %v", answer, before, after, err)
		}
	}
}

func TestJournalOfARunningServer(t *testing.T) {
	dir := t.TempDir()
	p := startProgram(t, "--dir", dir, "--set", "appendfsync=always")
	askLoaded(t, p, "SET k v")
	if code, out, errs := tool(t, "journal", "check", dir); code != exitOK ||
		!strings.Contains(out, "1 record ") {
		t.Errorf("check: exit code %d: %s%s", code, out, errs)
	}
	if code, out, errs := tool(t, "journal", "dump", dir); code != exitOK ||
		!strings.Contains(out, `set db0 "k" "v"`) {
		t.Errorf("dump: exit code %d: %s%s", code, out, errs)
	}
	if code, _, errs := tool(t, "journal", "repair", dir, "--yes"); code != exitFailed ||
		!strings.Contains(errs, "is running on "+dir) {
		t.Errorf("repair: exit code %d: %s", code, errs)
	}
}

func TestWhereThereIsNoJournal(t *testing.T) {
	empty := t.TempDir()
	for _, dir := range []string{empty, filepath.Join(empty, "missing")} {
		for _, what := range []string{"check", "dump", "repair"} {
			if code, _, errs := tool(t, "journal", what, dir); code != exitFailed ||
				!strings.Contains(errs, dir) {
				t.Errorf("%s of %s: exit code %d: %s", what, dir, code, errs)
			}
		}
	}
	if names, err := os.ReadDir(empty); err != nil || len(names) > 0 {
		t.Errorf("something was made: %v, %v", names, err)
	}
}

func TestEveryEffectHasItsLine(t *testing.T) {
	key, field := []byte("k\n"), []byte("f")
	document, err := jsondoc.Append(nil, []byte(`{"price": 17.90}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	var b effect.Buffer
	b.Set(3, key, 0, field)
	b.Splice(0, key, 9, field)
	b.Deadline(0, key, 0)
	b.Remove(0, key)
	b.HashSet(0, key, field, []byte{0})
	b.HashDelete(0, key, field)
	b.ZSetAdd(0, key, field, -0.1)
	b.ZSetRemove(0, key, field)
	b.ZSetCut(0, key, 1, 2)
	b.Flush(2)
	b.FlushAll()
	b.Swap(1, 2)
	b.Move(1, key, 2, field)
	b.Copy(1, key, 2, field)
	b.Own(effect.JSONSet, 0, key, document)
	b.Own(effect.JSONSet, 0, key, []byte{255})
	b.Own(effect.JSONEdit, 0, key, field)
	b.Own(effect.Stock, 0, key, field)
	b.Own(effect.Lease, 0, key, field)
	b.FunctionLoad(field)
	b.FunctionDrop("lib")
	b.FunctionDrop("")
	b.Fence(7)
	b.SetAdd(0, key, field)
	b.SetRemove(0, key, field)
	b.ListPush(0, key, effect.ListTail, [][]byte{field, nil})
	b.ListPop(0, key, effect.ListHead, 2)
	b.ListSet(0, key, 7, field)
	b.ListInsert(0, key, 7, field)
	b.ListRemove(0, key, effect.ListTail, 3, field)
	l := lines{shownMax: shownBytes}
	got, err := l.of(77, b.Bytes())
	want := `77 set db3 "k\n" "f"
77 splice db0 "k\n" at byte 9 "f"
77 deadline db0 "k\n" never
77 remove db0 "k\n"
77 hash-set db0 "k\n" "f" "\x00"
77 hash-delete db0 "k\n" "f"
77 zset-add db0 "k\n" "f" -0.1
77 zset-remove db0 "k\n" "f"
77 zset-cut db0 "k\n" from rank 1 members 2
77 flush db2
77 flush-all
77 swap db1 db2
77 move db1 "k\n" to db2 "f"
77 copy db1 "k\n" to db2 "f"
77 json-set db0 "k\n" {"price":17.90}
77 json-set db0 "k\n" "\xff"
77 json-edit db0 "k\n" "f"
77 stock db0 "k\n" "f"
77 lease db0 "k\n" "f"
77 function-load "f"
77 function-drop "lib"
77 function-drop all
77 fence 7
77 set-add db0 "k\n" "f"
77 set-remove db0 "k\n" "f"
77 list-push db0 "k\n" tail "f" ""
77 list-pop db0 "k\n" head elements 2
77 list-set db0 "k\n" at 7 "f"
77 list-insert db0 "k\n" at 7 "f"
77 list-remove db0 "k\n" tail elements 3 "f"
`
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if _, err := l.of(77, []byte{200, 0}); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("an effect that is not known: %v", err)
	}
}
