// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"os"
	"runtime/metrics"
	"strconv"
	"syscall"
	"time"
)

// memoryOf is what the process as a whole takes, in bytes; 0 where the system does not say.
type memoryOf struct {
	resident int64 // of the process, as the system sees it
	live     int64 // objects on the Go heap
	heap     int64 // what the Go heap has taken from the system
}

// processMemory measures. It costs some microseconds.
func processMemory() (m memoryOf) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
	}
	metrics.Read(samples)
	m.live, m.heap = asInt(samples[0]), asInt(samples[1])
	if fields := procFields("/proc/self/statm"); len(fields) > 1 {
		pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
		m.resident = pages * int64(os.Getpagesize())
	}
	return m
}

func asInt(s metrics.Sample) int64 {
	if s.Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(s.Value.Uint64())
}

// systemMemory is the memory of the machine.
func systemMemory() int64 {
	fields := procFields("/proc/meminfo") // "MemTotal:", a number, "kB", …
	if len(fields) < 2 {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return kilobytes << 10
}

func procFields(path string) [][]byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return bytes.Fields(text)
}

// processorTime is the time that the process has spent on processors.
func processorTime() (user, system time.Duration) {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0, 0
	}
	return time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano())
}
