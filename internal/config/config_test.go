// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Every constant stands for the row of its name: hash-max-listpack-entries is
// HashMaxListpackEntries.
func TestConstantsAndRowsAgree(t *testing.T) {
	rows := effective()
	if len(rows) != int(paramCount) {
		t.Fatalf("%d rows for %d constants", len(rows), paramCount)
	}
	spot := map[Param]string{
		Port: "port", RequirePass: "requirepass", Databases: "databases",
		MaxMemory: "maxmemory",
		HZ:        "hz", HashMaxListpackEntries: "hash-max-listpack-entries",
		ZSetMaxListpackValue: "zset-max-listpack-value",
		StreamNodeMaxEntries: "stream-node-max-entries",
		NotifyKeyspaceEvents: "notify-keyspace-events", BusyReplyThreshold: "busy-reply-threshold",
		SlowLogLogSlowerThan: "slowlog-log-slower-than", LatencyTracking: "latency-tracking",
		EnableDebugCommand: "enable-debug-command", LogLevel: "loglevel",
		Save: "save", AppendFsync: "appendfsync",
		ClientOutputBufferLimit: "client-output-buffer-limit", TCPKeepAlive: "tcp-keepalive",
	}
	for p, name := range spot {
		if rows[p].name != name {
			t.Errorf("the constant of %s stands for %s", name, rows[p].name)
		}
	}
}

func TestEveryNameOfRedisIsKnown(t *testing.T) {
	names, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := New()
	for name := range strings.Lines(string(names)) {
		name = strings.TrimSpace(name)
		if _, known := c.byName[name]; !known && !strings.HasPrefix(name, "#") {
			t.Errorf("%s is not a parameter", name)
		}
	}
	if n := len(c.Get([]byte("*"))); n != len(c.byName) {
		t.Errorf("CONFIG GET * gives %d names of %d", n, len(c.byName))
	}
}

func TestSet(t *testing.T) {
	const failed = "CONFIG SET failed (possibly related to argument '"
	for _, test := range []struct {
		settings string // name=value, parted by ;
		want     string // of the first parameter; with "! " before it: the error
	}{
		{"maxmemory=100mb", "104857600"},
		{"MaxMemory=1k", "1000"},
		{"maxmemory=", "0"},
		{"maxmemory=1.5gb", "! " + failed + "maxmemory') - argument must be a memory value"},
		{"maxmemory=-1", "! " + failed + "maxmemory') - argument must be a memory value"},
		{"maxmemory=9999999999999gb", "! " + failed + "maxmemory') - argument must be a memory value"},
		{"maxmemory-clients=10%", "10%"},
		{"maxmemory-clients=x%", "! " + failed +
			"maxmemory-clients') - argument must be a memory or percent value"},
		{"maxmemory=1;nope=2", "! Unknown option or number of arguments for CONFIG SET - 'nope'"},
		{"maxmemory=1;MAXMEMORY=2", "! " + failed + "MAXMEMORY') - duplicate parameter"},
		{"port=x", "! " + failed + "port') - argument couldn't be parsed into an integer"},
		{"port=1", "! " + failed + "port') - can't set immutable config"},
		{"dir=/", "! " + failed + "dir') - can't set protected config"},
		{"appendonly=maybe", "! " + failed + "appendonly') - argument must be 'yes' or 'no'"},
		{"loglevel=foo", "! " + failed +
			"loglevel') - argument(s) must be one of the following: debug, verbose, notice, warning"},
		{"maxmemory-policy=ALLKEYS-LRU", "allkeys-lru"},
		{"timeout=-1", "! " + failed + "timeout') - argument must be between 0 and 2147483647 inclusive"},
		{"timeout=x", "! " + failed + "timeout') - argument couldn't be parsed into an integer"},
		{"hz=1000", "500"},
		{"save=", ""},
		{"save=900 1", "900 1"},
		{"appendonly=no", "! " + failed + "appendonly') - can't set immutable config"},
		{"appendonly=YES", "yes"},
		{"port=6379", "6379"},
		{"snapshot-schedule=0  4 * * 1-5", "0 4 * * 1-5"},
		{"snapshot-schedule=", ""},
		{"snapshot-schedule=0 25 * * *", "! " + failed + "snapshot-schedule') - argument must be " +
			"empty or like '0 4 * * *': end of range (25) above maximum (23): 25"},
		{"save=900", "! " + failed + "save') - Invalid save parameters"},
		{"save=0 1", "! " + failed + "save') - Invalid save parameters"},
		{"client-output-buffer-limit=replica 1mb 2kb 3",
			"normal 0 0 0 slave 1048576 2048 3 pubsub 33554432 8388608 60"},
		{"client-output-buffer-limit=foo 1 1 1", "! " + failed + "client-output-buffer-limit') - " +
			"Invalid client class specified in buffer limit configuration."},
		{"notify-keyspace-events=KEA", "AKE"},
		{"notify-keyspace-events=gxKE$", "g$xKE"},
		{"notify-keyspace-events=q", "! " + failed + "notify-keyspace-events') - " +
			"Invalid event class character. Use 'Ag$lshzxeKEtmdn'."},
		{"latency-tracking-info-percentiles=50 99.99 100", "50 99.99 100"},
		{"list-max-ziplist-size=5", "5"},
		{"proto-max-bulk-len=100", "! " + failed +
			"proto-max-bulk-len') - argument must be between 1048576 and 1073741824 inclusive"},
	} {
		c := New()
		before := c.Text(MaxMemory)
		var settings []Setting
		for _, s := range strings.Split(test.settings, ";") {
			name, value, _ := strings.Cut(s, "=")
			settings = append(settings, Setting{name, value})
		}
		err := c.Set(settings...)
		if wantErr, isErr := strings.CutPrefix(test.want, "! "); isErr {
			if err == nil || err.Error() != wantErr {
				t.Errorf("%s: error %v, want %s", test.settings, err, wantErr)
			}
			if c.Text(MaxMemory) != before {
				t.Errorf("%s: failed and changed maxmemory", test.settings)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.settings, err)
			continue
		}
		if got := c.Get([]byte(settings[0].Name)); len(got) != 1 || got[0].Value != test.want {
			t.Errorf("%s gives %v, want %s", test.settings, got, test.want)
		}
	}
}

func TestWhatHasNoEffectIsTold(t *testing.T) {
	c := New()
	if names := c.WithoutEffect(); len(names) != 0 {
		t.Errorf("without being set: %v", names)
	}
	for name, value := range map[string]string{"daemonize": "yes", "port": "1", "io-threads": "4",
		"protected-mode": "no", "logfile": "log"} {
		if err := c.SetAtStart(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(c.WithoutEffect(), " "); got != "daemonize io-threads" {
		t.Errorf("got %s", got)
	}
	if err := c.SetAtStart("databases", "32"); err == nil {
		t.Error("there are more databases than there can be")
	}
}

func TestGetFindsByPatternAndOlderName(t *testing.T) {
	c := New()
	got := c.Get([]byte("HASH-max-*"), []byte("hash-max-ziplist-value"))
	var names []string
	for _, s := range got {
		names = append(names, s.Name)
	}
	want := "hash-max-listpack-entries hash-max-listpack-value " +
		"hash-max-ziplist-entries hash-max-ziplist-value"
	if strings.Join(names, " ") != want {
		t.Errorf("got %v", names)
	}
}

func TestHooksRunAfterTheChange(t *testing.T) {
	c := New()
	var seen []int64
	c.OnChange(MaxMemory, func() { seen = append(seen, c.Int(MaxMemory)) })
	c.Set(Setting{"maxmemory", "5"}, Setting{"timeout", "x"})
	c.Set(Setting{"timeout", "1"})
	c.Set(Setting{"maxmemory", "7"})
	if len(seen) != 1 || seen[0] != 7 {
		t.Errorf("hook saw %v, want [7]", seen)
	}
}

func TestConcurrentReadersAndWriters(t *testing.T) {
	c := New()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				c.Set(Setting{"maxmemory", "1mb"}, Setting{"maxmemory-policy", "allkeys-lfu"})
				_ = c.Int(MaxMemory)
				_ = c.Policy()
				if i%20 == 0 {
					c.Get([]byte("max*"))
				}
			}
		})
	}
	wg.Wait()
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("more.conf", "maxmemory 2mb\n")
	path := write("redis.conf", `# a comment
port 7000
maxmemory 1mb
include more.conf
  requirepass "sec ret\x21"
save 900 1
save 300 10
client-output-buffer-limit normal 1mb 1mb 1
hash-max-ziplist-entries 3
bind 127.0.0.1 ::1
`)
	c := New()
	if err := c.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[Param]string{
		Port: "7000", MaxMemory: "2097152", RequirePass: "sec ret!", Save: "900 1 300 10",
		HashMaxListpackEntries: "3", Bind: "127.0.0.1 ::1",
	} {
		if got := c.Text(p); got != want {
			t.Errorf("%s is %q, want %q", c.rows[p].name, got, want)
		}
	}
	if l := c.OutputLimit("normal"); l != (OutputLimit{1 << 20, 1 << 20, 1}) {
		t.Errorf("output limit: %+v", l)
	}
	if c.Limits().HashEntriesMax != 3 {
		t.Errorf("limits: %+v", c.Limits())
	}
}

func TestSaveLinesAddUpWithinAFile(t *testing.T) {
	c := New()
	for text, want := range map[string]string{
		"save 900 1\nsave 300 10\n": "900 1 300 10",
		"save 5 5\nsave \"\"\n":     "",
		"save 1 2 3 4\n":            "1 2 3 4",
	} {
		if err := c.SetAtStart("save", "60 1"); err != nil {
			t.Fatal(err)
		}
		if err := c.Load(strings.NewReader(text), "a.conf"); err != nil {
			t.Fatal(err)
		}
		if got := c.Text(Save); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func TestFileErrorsNameTheirLines(t *testing.T) {
	c := New()
	err := c.Load(strings.NewReader("nope 1\nport\ntimeout x\nsave \"1\n\nport 1 2\n"), "a.conf")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`a.conf:1: unknown parameter "nope"`,
		`a.conf:2: wrong number of arguments for "port"`,
		`a.conf:3: timeout: argument couldn't be parsed into an integer`,
		`a.conf:4: unbalanced quotes`,
		`a.conf:6: wrong number of arguments for "port"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func TestRewriteKeepsLinesAndReadsBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "redis.conf")
	old := "# mine\nmaxmemory 1mb\n\ntimeout 5\nmaxmemory 3mb\nhash-max-ziplist-entries 9\n"
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	c := New()
	if err := c.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	err := c.Set(Setting{"maxmemory", "4mb"}, Setting{"requirepass", "a \"b\" \x01"},
		Setting{"client-output-buffer-limit", "pubsub 1 2 3"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetAtStart("save", "60 1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rewrite(); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	want := "# mine\nmaxmemory 4194304\n\ntimeout 5\nhash-max-listpack-entries 9\n" +
		rewriteMark + "\nclient-output-buffer-limit normal 0 0 0\n" +
		"client-output-buffer-limit slave 268435456 67108864 60\n" +
		"client-output-buffer-limit pubsub 1 2 3\n" +
		`requirepass "a \"b\" \x01"` + "\nsave 60 1\n"
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	again := New()
	if err := again.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	for i := range c.rows {
		if got, want := again.Text(Param(i)), c.Text(Param(i)); got != want {
			t.Errorf("%s reads back as %q, was %q", c.rows[i].name, got, want)
		}
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode became %v", info.Mode())
	}
	if err := New().Rewrite(); err != ErrNoFile {
		t.Errorf("rewrite without a file: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("maxmemory 1mb\nsave 1 2\n# x\nclient-output-buffer-limit normal 1 2 3\n")
	f.Add("notify-keyspace-events \"KEA\"\nrequirepass '\\x'\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "include") {
			t.Skip("reads other files")
		}
		c := New()
		if c.Load(strings.NewReader(text), "fuzz") != nil {
			return
		}
		again := New()
		if err := again.Load(strings.NewReader(string(c.rewritten(text))), "again"); err != nil {
			t.Fatalf("rewritten file does not read: %v\n%s", err, c.rewritten(text))
		}
		for i := range c.rows {
			if got, want := again.Text(Param(i)), c.Text(Param(i)); got != want {
				t.Errorf("%s reads back as %q, was %q", c.rows[i].name, got, want)
			}
		}
	})
}
