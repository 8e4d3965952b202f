// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stampede/internal/conformance"
	"stampede/internal/persist"
	"stampede/internal/rdb"
)

// client is a connection to redis-server or to us.
type client struct {
	t *testing.T
	*conformance.Conn
}

func connect(t *testing.T, addr string) client {
	t.Helper()
	conn, err := conformance.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return client{t, conn}
}

// do makes a call that must not fail. It waits for data that is still being loaded.
func (c client) do(args ...string) conformance.Value {
	c.t.Helper()
	for {
		v, err := c.Do(args...)
		if err != nil {
			c.t.Fatal(err)
		}
		if v.IsError() && strings.HasPrefix(v.Text, "LOADING") {
			continue
		}
		if v.IsError() {
			c.t.Fatalf("%.200q: %s", args, v)
		}
		return v
	}
}

// fill gives a server what both have, in all encodings.
func (c client) fill() {
	c.do("SET", "number", "-12")
	c.do("SET", "text", strings.Repeat("text ", 2000))
	c.do("SET", "", "\x00\xff\r\n")
	c.do("SET", "ends", "x", "PXAT", "4102444800123")
	c.do("HSET", "small hash", "f", "v", "g", "2")
	c.do("ZADD", "small zset", "1.5", "a", "-inf", "b", "3", "")
	big := [][]string{{"HSET", "hash"}, {"ZADD", "zset"}}
	for i := range 3000 {
		big[0] = append(big[0], "f"+strconv.Itoa(i), strconv.Itoa(i*i))
		big[1] = append(big[1], strconv.FormatFloat(float64(i)/8, 'g', -1, 64), "m"+strconv.Itoa(i))
		c.do("SET", "key:"+strconv.Itoa(i), strconv.Itoa(i))
	}
	for _, call := range big {
		c.do(call...)
		c.do("PEXPIREAT", call[1], "4102444800000")
	}
	c.do("SELECT", "15")
	c.do("SET", "elsewhere", "15")
	c.do("SELECT", "0")
	c.do("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('answer', "+
		"function() return 42 end)")
}

// describe says what a server holds: everything but lists, sets and streams.
func (c client) describe() map[string]string {
	c.t.Helper()
	all := map[string]string{"FCALL": c.do("FCALL", "answer", "0").String()}
	for _, db := range []string{"0", "15"} {
		c.do("SELECT", db)
		for _, key := range c.do("KEYS", "*").Elems {
			var value conformance.Value
			switch c.do("TYPE", key.Text).Text {
			case "string":
				value = c.do("GET", key.Text)
			case "hash":
				value = c.do("HGETALL", key.Text)
			case "zset":
				value = c.do("ZRANGE", key.Text, "0", "-1", "WITHSCORES")
			case "ReJSON-RL":
				value = c.do("JSON.GET", key.Text)
			default:
				continue
			}
			lines := value.Lines()
			slices.Sort(lines)
			all[db+" "+key.Text] = c.do("PEXPIRETIME", key.Text).String() + "\n" +
				strings.Join(lines, "\n")
		}
	}
	c.do("SELECT", "0")
	return all
}

// redisFile is the file of a redis-server that was filled, and what it held before the calls.
func redisFile(t *testing.T, calls ...string) (path string, want map[string]string) {
	t.Helper()
	dir := t.TempDir()
	c := connect(t, conformance.StartRedis(t, "--dir", dir, "--dbfilename", "redis.rdb"))
	c.fill()
	want = c.describe() // to look at a key that has expired removes it
	for _, call := range calls {
		c.do(strings.Fields(call)...)
	}
	c.do("SAVE")
	return filepath.Join(dir, "redis.rdb"), want
}

// held is what a server of ours that starts on a folder holds.
func held(t *testing.T, dir string, calls ...string) map[string]string {
	t.Helper()
	p := startProgram(t, "--dir", dir, "--save", "", "--shards", "3")
	c := connect(t, p.addr)
	for _, call := range calls {
		c.do(strings.Fields(call)...)
	}
	all := c.describe()
	c.Close()
	if code := p.stop(); code != exitOK {
		t.Fatalf("exit code %d: %s", code, p.stderr)
	}
	return all
}

func compare(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: (-want +got)\n%.3000s", what, diff)
	}
}

func TestImportFromRedis(t *testing.T) {
	file, want := redisFile(t)
	dir := filepath.Join(t.TempDir(), "store")
	code, out, errs := tool(t, "import", file, "--dir", dir)
	if code != exitOK || !strings.Contains(out, "imported 3009 keys from "+file) {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	compare(t, "imported", want, held(t, dir))
	compare(t, "after a restart", want, held(t, dir))

	code, _, errs = tool(t, "import", file, "--dir", dir)
	if code != exitFailed || !strings.Contains(errs, "--replace puts "+file) {
		t.Errorf("over a store: exit code %d: %s", code, errs)
	}
}

// addBlooms adds keys to an RDB file whose values are of a module that is not here.
func addBlooms(t *testing.T, path string, keys ...string) {
	t.Helper()
	const endBytes = 9 // the mark of the end, and the checksum
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file = rdb.AppendSelectDB(file[:len(file)-endBytes], 0)
	for _, key := range keys {
		file = appendBloom(file, key)
	}
	if err := os.WriteFile(path, rdb.AppendEnd(file, rdb.CRC64(0, file)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func appendBloom(file []byte, key string) []byte {
	file = rdb.AppendKey(file, rdb.TypeModule, []byte(key), 0)
	file = rdb.AppendModule(file, rdb.NewModuleID("MBbloom--", 2))
	return rdb.AppendModuleEnd(rdb.AppendModuleInt(file, 7))
}

func TestImportLeavesOutWhatIsNotKnown(t *testing.T) {
	file, want := redisFile(t, "DEBUG SET-ACTIVE-EXPIRE 0", "SET over x PX 1")
	addBlooms(t, file, "a-filter", "b-filter")
	dir := t.TempDir()
	code, _, errs := tool(t, "import", file, "--dir", dir)
	if code != exitFailed || !strings.Contains(errs, "--skip-unknown") ||
		!strings.Contains(errs, file) {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	code, out, errs := tool(t, "import", file, "--dir", dir, "--skip-unknown")
	if code != exitOK || !strings.Contains(out, "imported 3009 keys") ||
		!strings.Contains(out, "1 more had expired") {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	for _, says := range []string{
		`left out: key "a-filter" of database 0: value of the module type MBbloom--`,
		`key "b-filter" of database 0: value of the module type MBbloom--`,
		"left out, all together: 2\n", "       2  value of the module type MBbloom--\n",
	} {
		if !strings.Contains(errs, says) {
			t.Errorf("it does not say %q:\n%s", says, errs)
		}
	}
	compare(t, "imported", want, held(t, dir))
}

// TestManyLeftOutAreNotAllNamed imports a file of our own making: what other servers have
// in databases and modules that are not here.
func TestManyLeftOutAreNotAllNamed(t *testing.T) {
	file := rdb.AppendHeader(nil)
	for i := range 30 {
		file = appendBloom(file, fmt.Sprint("bloom", i))
	}
	for key, text := range map[string]string{"good": `{"a":1}`, "bad": `{"a":`} {
		file = rdb.AppendKey(file, rdb.TypeModule, []byte(key), 0)
		file = rdb.AppendModule(file, rdb.NewModuleID(rdb.JSONName, rdb.JSONVersion))
		file = rdb.AppendModuleEnd(rdb.AppendModuleString(file, []byte(text)))
	}
	file = rdb.AppendFunction(file, []byte("#!lua name=bad\nthis is not Lua"))
	file = rdb.AppendSelectDB(file, 16)
	file = rdb.AppendString(rdb.AppendKey(file, rdb.TypeString, []byte("far"), 0), []byte("x"))
	path, dir := filepath.Join(t.TempDir(), "file.rdb"), t.TempDir()
	file = rdb.AppendEnd(file, rdb.CRC64(0, file))
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := tool(t, "import", path, "--dir", dir, "--skip-unknown")
	if code != exitOK || !strings.Contains(out, "imported 1 key ") ||
		strings.Count(errs, "left out: ") != leftOutNamed {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	for _, says := range []string{
		"all together: 33\n", "30  value of the module type MBbloom--\n", "1  " + unfitValue,
		"1  library of functions\n", "1  in a database beyond 15\n",
	} {
		if !strings.Contains(errs, says) {
			t.Errorf("it does not say %q:\n%s", says, errs)
		}
	}
	p := startProgram(t, "--dir", dir)
	if got := connect(t, p.addr).do("JSON.GET", "good"); got.Text != `{"a":1}` {
		t.Errorf("the document is %s", got)
	}
}

func TestImportReplacesAStore(t *testing.T) {
	file, want := redisFile(t)
	dir := filled(t, "SET old 1", "SAVE", "SET older 1")
	half := filepath.Join(t.TempDir(), "half.rdb")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(half, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errs := tool(t, "import", half, "--dir", dir, "--replace")
	if code != exitFailed || !strings.Contains(errs, half) {
		t.Fatalf("half a file: exit code %d: %s", code, errs)
	}
	p := startProgram(t, "--dir", dir)
	if got := askLoaded(t, p, "EXISTS old older"); got != ":2" {
		t.Errorf("after an import that failed: %s", got)
	}
	code, _, errs = tool(t, "import", file, "--dir", dir, "--replace")
	if code != exitFailed || !strings.Contains(errs, "is running on "+dir) {
		t.Errorf("while a server runs: exit code %d: %s", code, errs)
	}
	p.stop()
	if code, _, errs = tool(t, "import", file, "--dir", dir, "--replace"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 2 {
		t.Errorf("the folder holds %v, %v", names, err)
	}
	compare(t, "imported", want, held(t, dir))
}

func TestAnImportIsInterrupted(t *testing.T) {
	file, want := redisFile(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := run(ctx, []string{"import", file, "--dir", dir}, &out, &errs)
	if code != exitFailed || !strings.Contains(errs.String(), "context canceled") {
		t.Errorf("exit code %d: %s%s", code, &out, &errs)
	}
	if code, _, errs := tool(t, "import", file, "--dir", dir); code != exitOK {
		t.Fatalf("once more: exit code %d: %s", code, errs)
	}
	compare(t, "imported", want, held(t, dir))
}

func TestAnInterruptedReplacementIsNotWrittenOver(t *testing.T) {
	file, _ := redisFile(t)
	dir := filled(t, "SET k v")
	aside := filepath.Join(dir, persist.JournalDir)
	if err := os.Rename(aside, aside+".replaced"); err != nil {
		t.Fatal(err)
	}
	code, _, errs := tool(t, "import", file, "--dir", dir, "--replace")
	if code != exitFailed || !strings.Contains(errs, aside+".replaced") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestExportToRedis(t *testing.T) {
	file, _ := redisFile(t)
	dir, out := t.TempDir(), t.TempDir()
	if code, _, errs := tool(t, "import", file, "--dir", dir); code != exitOK {
		t.Fatalf("import: exit code %d: %s", code, errs)
	}
	want := held(t, dir, "INCRBY number 100", "DEL key:7", "HSET hash f0 new", "SET later 1",
		"ZADD zset 0.25 m0", "SET over 1 PXAT 1")
	exported := filepath.Join(out, "dump.rdb")
	code, said, errs := tool(t, "export", exported, "--dir", dir)
	if code != exitOK || !strings.Contains(said, "exported 30") || errs != "" {
		t.Fatalf("exit code %d: %s%s", code, said, errs)
	}
	compare(t, "exported", want, connect(t, conformance.StartRedis(t, "--dir", out)).describe())
	again := t.TempDir()
	if code, _, errs := tool(t, "import", exported, "--dir", again); code != exitOK {
		t.Fatalf("the way back: exit code %d: %s", code, errs)
	}
	compare(t, "imported again", want, held(t, again))
	compare(t, "what was exported", want, held(t, dir))

	if code, _, errs = tool(t, "export", exported, "--dir", dir); code != exitFailed ||
		!strings.Contains(errs, "--replace writes over it") {
		t.Errorf("over a file: exit code %d: %s", code, errs)
	}
}

func TestExportOfDocuments(t *testing.T) {
	document := `{"price":17.90,"tags":["new","ünï"]}`
	dir, out := filled(t, `JSON.SET doc $ '`+document+`'`, "PEXPIREAT doc 4102444800000",
		"SET k v"), t.TempDir()
	modules, asStrings := filepath.Join(out, "modules.rdb"), filepath.Join(out, "dump.rdb")
	if code, said, _ := tool(t, "export", modules, "--dir", dir); code != exitOK ||
		!strings.Contains(said, "note: 1 value of these") {
		t.Errorf("exit code %d: %s", code, said)
	}
	code, said, _ := tool(t, "export", asStrings, "--dir", dir, "--json-as-string")
	if code != exitOK || strings.Contains(said, "document") {
		t.Fatalf("exit code %d: %s", code, said)
	}
	redis := connect(t, conformance.StartRedis(t, "--dir", out))
	if got := redis.do("GET", "doc"); got.Text != document {
		t.Errorf("redis-server has %s", got)
	}
	if got := redis.do("PEXPIRETIME", "doc"); got.String() != ":4102444800000" {
		t.Errorf("until %s", got)
	}
	// A file of documents is taken over by a server that finds it.
	found := t.TempDir()
	copyFile(t, modules, filepath.Join(found, "dump.rdb"))
	for range 2 {
		p := startProgram(t, "--dir", found)
		c := connect(t, p.addr)
		if got := c.do("JSON.GET", "doc"); got.Text != document {
			t.Errorf("we have %s", got)
		}
		if got := c.do("PEXPIRETIME", "doc"); got.String() != ":4102444800000" {
			t.Errorf("until %s", got)
		}
		p.stop()
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAServerTakesAFileOfRedisOver(t *testing.T) {
	file, want := redisFile(t)
	dir := t.TempDir()
	copyFile(t, file, filepath.Join(dir, "dump.rdb"))
	compare(t, "found", want, held(t, dir))
	want["0 new"] = ":-1\n$1\n1"
	got := held(t, dir, "SET new 1")
	want["0 new"] = got["0 new"]
	compare(t, "after a change", want, got)
	compare(t, "and a restart", want, held(t, dir))
}

func TestTransfersThatCannotBe(t *testing.T) {
	dir, empty := filled(t, "SET k v"), t.TempDir()
	text := filepath.Join(empty, "text")
	if err := os.WriteFile(text, []byte("this is no dump"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProgram(t, "--dir", dir)
	out := filepath.Join(empty, "out.rdb")
	for _, test := range []struct{ args, says string }{
		{"import " + text + " --dir " + filepath.Join(empty, "a"), text + ": rdb: at byte"},
		{"import " + empty + " --dir " + filepath.Join(empty, "a"), "is a folder"},
		{"import /nowhere/at/all --dir " + empty, "/nowhere/at/all"},
		{"import " + text + " --dir " + dir, "is running on " + dir},
		{"export " + out + " --dir " + empty, "there is no data in " + empty},
		{"export " + out + " --dir " + dir, "call BGSAVE"},
		{"export /nowhere/at/all --dir " + dir, "BGSAVE"},
	} {
		code, stdout, errs := tool(t, strings.Fields(test.args)...)
		if code != exitFailed || !strings.Contains(errs, test.says) || stdout != "" {
			t.Errorf("%s: exit code %d: %s%s", test.args, code, stdout, errs)
		}
	}
	p.stop()
	if code, _, errs := tool(t, "export", "/nowhere/at/all", "--dir", dir); code != exitFailed ||
		!strings.Contains(errs, "/nowhere/at/all") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("a file was written: %v", err)
	}
}

func TestMeterTellsNothingAtOnce(t *testing.T) {
	var out bytes.Buffer
	newMeter(&out)("reading", 0.5)
	if out.Len() > 0 {
		t.Errorf("it tells %s", &out)
	}
}
