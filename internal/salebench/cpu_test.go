// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestProcessorTimeIsThatOfServersAndTheirChildren(t *testing.T) {
	if parentOf([]byte("4242 (a (strange) name) S 17 4242 4242 0 -1")) != 17 ||
		parentOf([]byte("1 (x)")) != 0 || onProcessor([]byte("1234567 89 3\n")) != 1234567 {
		t.Error("a line of /proc is misread")
	}
	if _, err := os.Stat("/proc/self/schedstat"); err != nil {
		t.Skip("there is no /proc with schedstat")
	}
	if cpuTime(nil) != 0 {
		t.Error("no server has taken some")
	}
	// A shell that waits while its child counts.
	p, err := launch(exec.Command("sh", "-c",
		"sh -c 'i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done'; :"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { <-p.ended }()
	for cpuTime([]*process{p}) < 50*time.Millisecond {
		select {
		case <-p.ended:
			t.Fatal("it has taken no time")
		default:
		}
	}
}
