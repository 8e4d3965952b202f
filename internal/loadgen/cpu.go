// SPDX-License-Identifier: Apache-2.0

package loadgen

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of processor times in /proc, which Linux fixes for programs at 1/100 s.
const tick = 10 * time.Millisecond

// meter measures the processor time a process takes.
type meter struct {
	read  func() (time.Duration, error) // nil: not measured
	begin time.Duration
	err   error
}

// startMeter measures another process from now on; 0 stands for none.
func startMeter(processID int) meter {
	if processID == 0 {
		return meter{}
	}
	return start(func() (time.Duration, error) { return processTime(processID) })
}

// startSelfMeter measures this process from now on.
func startSelfMeter() meter { return start(selfTime) }

func start(read func() (time.Duration, error)) meter {
	m := meter{read: read}
	m.begin, m.err = read()
	return m
}

// perMillion returns the processor seconds since the start for a million calls.
func (m meter) perMillion(calls int64) (float64, error) {
	if m.read == nil || calls == 0 {
		return 0, nil
	}
	end, err := m.read()
	if err = errors.Join(m.err, err); err != nil {
		return 0, err
	}
	return (end - m.begin).Seconds() * 1e6 / float64(calls), nil
}

// processTime reads the time all threads of a process have spent, in steps of a tick.
func processTime(processID int) (time.Duration, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(processID) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("processor time of the server: %w", err)
	}
	return parseStat(stat)
}

// parseStat adds the user and the system time in a line of /proc/PID/stat. The name of the
// program, in parentheses, may itself contain spaces and parentheses.
func parseStat(stat []byte) (time.Duration, error) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const user, system = 11, 12 // counted from the state, the first field after the name
	if len(fields) <= system {
		return 0, errors.New("processor time of the server: the stat line is too short")
	}
	u, err := strconv.ParseInt(string(fields[user]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("processor time of the server: %w", err)
	}
	s, err := strconv.ParseInt(string(fields[system]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("processor time of the server: %w", err)
	}
	return time.Duration(u+s) * tick, nil
}
