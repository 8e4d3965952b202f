// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"stampede/internal/loadgen"
)

// parseBench reads the arguments of one bench command.
func parseBench(t *testing.T, arguments ...string) *BenchCmd {
	t.Helper()
	var c BenchCmd
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(arguments); err != nil {
		t.Fatal(err)
	}
	return &c
}

func TestBenchArgumentsMakeASuite(t *testing.T) {
	suite, err := parseBench(t, "get", "mixed", "--mix", "3:2", "--pipeline", "1,16",
		"--against", "unix:/run/other", "--pid", "7", "--against-pid", "8", "--zipf", "0.9",
		"--values", "binary", "--value-size", "0", "-n", "100", "--command", "EVAL 'a, b' 0",
		"--setup", "FLUSHALL", "--fill", "SET __seq__ 1").suite()
	if err != nil {
		t.Fatal(err)
	}
	want := []loadgen.Server{{Address: "127.0.0.1:6379", ProcessID: 7},
		{Address: "unix:/run/other", ProcessID: 8}}
	if diff := cmp.Diff(want, suite.Servers); diff != "" || suite.Rounds != 3 {
		t.Errorf("%d rounds, servers (-want +got):\n%s", suite.Rounds, diff)
	}
	if diff := cmp.Diff([]int{1, 16}, suite.Pipelines); diff != "" {
		t.Errorf("pipelines (-want +got):\n%s", diff)
	}
	o := suite.Options
	if o.Skew != 0.9 || !o.BinaryValues || o.ValueSize >= 0 || o.Requests != 100 ||
		o.Duration != 0 || o.WarmUp != 500*time.Millisecond {
		t.Errorf("options: %+v", o)
	}
	if len(suite.Workloads) != 3 {
		t.Fatalf("workloads: %+v", suite.Workloads)
	}
	if steps := suite.Workloads[1].Steps; steps[0].Weight != 3 || steps[1].Weight != 2 {
		t.Errorf("mixed: %+v", steps)
	}
	custom := loadgen.Workload{Name: "custom",
		Steps:   []loadgen.Step{{Words: []string{"EVAL", "a, b", "0"}}},
		Setup:   [][]string{{"FLUSHALL"}},
		Prefill: []string{"SET", "__seq__", "1"}}
	if diff := cmp.Diff(custom, suite.Workloads[2]); diff != "" {
		t.Errorf("custom (-want +got):\n%s", diff)
	}
}

func TestBenchRefusesWhatItCannotDo(t *testing.T) {
	for _, arguments := range [][]string{{"nonesuch"}, {"mixed", "--mix", "x"},
		{"mixed", "--mix", "1:2:3"}, {"--command", "SET 'a"}, {"--command", "PING", "--fill", " "}} {
		if _, err := parseBench(t, arguments...).suite(); err == nil {
			t.Errorf("%q is accepted", arguments)
		}
	}
}

func TestBenchHelpNamesEverything(t *testing.T) {
	help := new(BenchCmd).Help()
	for _, w := range loadgen.Workloads() {
		if !strings.Contains(help, "  "+w.Name+" ") {
			t.Errorf("the help does not name %s", w.Name)
		}
	}
}

// refusing serves connections that answer every read with an error reply.
func refusing(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buf := make([]byte, 1000)
				for {
					if _, err := conn.Read(buf); err != nil {
						return
					}
					if _, err := conn.Write([]byte("-ERR not today\r\n")); err != nil {
						return
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func TestBenchFailsOnErrorReplies(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	arguments := []string{"hot-incr", "--server", refusing(t), "-n", "20", "-c", "2",
		"--warm-up", "0s", "--json", file}
	var out strings.Builder
	around := surroundings{stdout: &out, stderr: io.Discard}
	err := parseBench(t, arguments...).Run(t.Context(), around)
	if err == nil || !strings.Contains(err.Error(), "20 error replies, such as: ERR not today") {
		t.Errorf("got error %v", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report loadgen.Report
	if err := json.Unmarshal(text, &report); err != nil || len(report.Results) != 1 ||
		report.Results[0].Errors != 20 {
		t.Errorf("error %v, report %s", err, text)
	}
	allowed := parseBench(t, append(arguments, "--allow-errors")...)
	if err := allowed.Run(t.Context(), around); err != nil {
		t.Errorf("with --allow-errors: %v", err)
	}
	if n := strings.Count(out.String(), "hot-incr"); n != 2 {
		t.Errorf("the table appears %d times, want 2:\n%s", n, out.String())
	}
}
