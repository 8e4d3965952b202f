// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"stampede/internal/demo"
)

// playDemo runs a small demo in a store of its own.
func playDemo(t *testing.T, flags ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	arguments := append([]string{"demo", "--buyers=300", "--stock=20", "--connections=30",
		"--readers=2", "--payment-ms=0.1", "--prelude=0s"}, flags...)
	code = run(t.Context(), arguments, &out, &errs)
	return code, out.String(), errs.String()
}

func TestDemoSellsOutExactly(t *testing.T) {
	code, out, errs := playDemo(t, "--json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var report demo.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !report.Exact || len(report.Sales) != 4 || report.Sales[0].Sold != 20 ||
		report.Sales[1].Sold != 20 || report.Sales[1].Refused != 280 {
		t.Errorf("%s", out)
	}
}

func TestDemoFailsUnlessSoldOutExactly(t *testing.T) {
	code, out, errs := playDemo(t, "--recipes=P,D")
	if code != exitFailed || !strings.Contains(errs, "stampede: not exact: P undersold 1,") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{"Stampede: a flash sale", "recipe", "Not exact: P undersold 1,"} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in:\n%s", want, out)
		}
	}
}

func TestDemoRefusesWhatItCannotPlay(t *testing.T) {
	for _, flags := range [][]string{{"--recipes=X"}, {"--stock=301"}, {"--addr=127.0.0.1:1"}} {
		if code, _, errs := playDemo(t, flags...); code != exitFailed {
			t.Errorf("%q: exit code %d: %s", flags, code, errs)
		}
	}
}
