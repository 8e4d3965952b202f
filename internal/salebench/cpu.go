// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// cpuTime is the processor time that servers and what they have started have taken, to the
// nanosecond: a connection of PostgreSQL is a process, and takes less in a run than the ticks
// in which others count. It is 0 where there is no /proc.
func cpuTime(servers []*process) (sum time.Duration) {
	var ids []int
	for _, s := range servers {
		ids = append(ids, s.cmd.Process.Pid)
	}
	if len(ids) == 0 {
		return 0
	}
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0
	}
	for _, folder := range folders {
		id, _ := strconv.Atoi(filepath.Base(folder))
		if !slices.Contains(ids, id) {
			text, err := os.ReadFile(folder + "/stat")
			if err != nil || !slices.Contains(ids, parentOf(text)) {
				continue // it has just ended, or is no child of a server
			}
		}
		threads, err := filepath.Glob(folder + "/task/*/schedstat")
		if err != nil {
			return 0
		}
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			if err != nil {
				continue // it has just ended
			}
			sum += onProcessor(text)
		}
	}
	return sum
}

// parentOf reads the parent in a line of /proc/PID/stat. The name of the program, in
// parentheses, may itself contain spaces and parentheses.
func parentOf(text []byte) int {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1])) // the kernel writes numbers
	return parent
}

// onProcessor reads how long a thread has run in its line of schedstat.
func onProcessor(text []byte) time.Duration {
	ran, _, _ := bytes.Cut(text, []byte(" "))
	ns, _ := strconv.ParseInt(string(ran), 10, 64)
	return time.Duration(ns)
}
