// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// What can be wrong with values of several parts, in Redis' words.
var (
	errSave       = errors.New("Invalid save parameters")
	errOutputArgs = errors.New("Wrong number of arguments in buffer limit configuration.")
	errOutputKind = errors.New("Invalid client class specified in buffer limit configuration.")
	errOutput     = errors.New("Error in hard, soft or soft_seconds setting in " +
		"buffer limit configuration.")
	errShare      = errors.New("Invalid latency-tracking-info-percentiles parameters")
	errShareRange = errors.New("latency-tracking-info-percentiles parameters should sit " +
		"between [0.0,100.0]")
	errEvents     = errors.New("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
	errScriptFlag = errors.New("flags must be disable-atomicity or allow-undeclared-keys")
	errArgCount   = errors.New("wrong number of arguments")
)

// savePoints takes pairs of seconds and changes: when a snapshot is due.
type savePoints struct{}

func (savePoints) several() bool { return true }

func (savePoints) read(text, _ string) (value, error) {
	fields := strings.Fields(text)
	if len(fields)%2 != 0 {
		return value{}, errSave
	}
	for i, field := range fields {
		n, err := strconv.ParseInt(field, 10, 32)
		if err != nil || n < 0 || (i%2 == 0 && n < 1) {
			return value{}, errSave
		}
	}
	return value{shown: strings.Join(fields, " ")}, nil
}

// SavePoint asks for a snapshot once so much time has passed since the last one and so much
// has changed.
type SavePoint struct{ Seconds, Changes int64 }

// SavePoints is the parameter save.
func (c *Config) SavePoints() (points []SavePoint) {
	fields := strings.Fields(c.Text(Save))
	for i := 0; i+1 < len(fields); i += 2 {
		seconds, _ := strconv.ParseInt(fields[i], 10, 64) // it was checked when it was set
		changes, _ := strconv.ParseInt(fields[i+1], 10, 64)
		points = append(points, SavePoint{seconds, changes})
	}
	return points
}

// crontab takes the five fields of a line of a crontab, or nothing: when a snapshot is due.
type crontab struct{}

func (crontab) several() bool { return true }

func (crontab) read(text, _ string) (value, error) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return value{}, nil
	}
	if _, err := cron.ParseStandard(text); err != nil {
		return value{}, fmt.Errorf("argument must be empty or like '0 4 * * *': %w", err)
	}
	return value{shown: text}, nil
}

// NextSnapshot is when the next snapshot is due by the parameter snapshot-schedule; the zero
// time if it is empty.
func (c *Config) NextSnapshot(after time.Time) time.Time {
	text := c.Text(SnapshotSchedule)
	if text == "" {
		return time.Time{}
	}
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return time.Time{} // it was checked when it was set
	}
	return schedule.Next(after)
}

// outputLimits takes, for each class of clients, how much output may wait for a client
// before it is disconnected: a hard limit, a soft limit and for how many seconds the soft
// one may be passed. A class that is not named keeps its limits.
type outputLimits struct{}

// outputClasses are the classes in the order in which they are shown.
func outputClasses() []string { return []string{"normal", "slave", "pubsub"} }

const outputFields = 4

func (outputLimits) several() bool { return true }

func (outputLimits) read(text, before string) (value, error) {
	fields := strings.Fields(text)
	if len(fields)%outputFields != 0 {
		return value{}, errOutputArgs
	}
	limits := make(map[string]string)
	for _, given := range [][]string{strings.Fields(before), fields} {
		for len(given) > 0 {
			class, shown, err := readOutputLimit(given[:outputFields])
			if err != nil {
				return value{}, err
			}
			limits[class] = shown
			given = given[outputFields:]
		}
	}
	var parts []string
	for _, class := range outputClasses() {
		if limits[class] != "" {
			parts = append(parts, class+" "+limits[class])
		}
	}
	return value{shown: strings.Join(parts, " ")}, nil
}

func readOutputLimit(fields []string) (class, shown string, err error) {
	class = strings.ToLower(fields[0])
	if class == "replica" {
		class = "slave"
	}
	known := false
	for _, c := range outputClasses() {
		known = known || c == class
	}
	if !known {
		return "", "", errOutputKind
	}
	hard, ok1 := ParseMemory(fields[1])
	soft, ok2 := ParseMemory(fields[2])
	seconds, err := strconv.ParseInt(fields[3], 10, 32)
	if !ok1 || !ok2 || err != nil || seconds < 0 {
		return "", "", errOutput
	}
	return class, fmt.Sprintf("%d %d %d", hard, soft, seconds), nil
}

// percentiles takes numbers from 0 to 100.
type percentiles struct{}

func (percentiles) several() bool { return true }

func (percentiles) read(text, _ string) (value, error) {
	fields := strings.Fields(text)
	for i, field := range fields {
		share, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return value{}, errShare
		}
		if !(share >= 0 && share <= 100) {
			return value{}, errShareRange
		}
		fields[i] = strconv.FormatFloat(share, 'g', 17, 64)
		if short := strconv.FormatFloat(share, 'g', -1, 64); short != fields[i] {
			fields[i] = short
		}
	}
	return value{shown: strings.Join(fields, " ")}, nil
}

// eventClasses takes letters that stand for classes of keyspace events; its number has
// one bit for each, in the order of eventLetters.
type eventClasses struct{ one }

// eventLetters are the letters in the order in which they are shown. eventAll says which
// of them A stands for.
const (
	eventLetters = "g$lshzxetdKEmn"
	eventAll     = "g$lshzxetd"
)

func (eventClasses) read(text, _ string) (value, error) {
	var v value
	for _, letter := range text {
		letters := string(letter)
		if letter == 'A' {
			letters = eventAll
		}
		for _, l := range letters {
			i := strings.IndexRune(eventLetters, l)
			if i < 0 {
				return value{}, errEvents
			}
			v.number |= 1 << i
		}
	}
	rest := eventLetters
	const all = 1<<len(eventAll) - 1
	if v.number&all == all {
		v.shown, rest = "A", eventLetters[len(eventAll):]
	}
	for _, l := range rest {
		if v.number&(1<<strings.IndexRune(eventLetters, l)) != 0 {
			v.shown += string(l)
		}
	}
	return v, nil
}

// scriptFlags takes names of what every script declares, as Dragonfly's default_lua_flags
// does; its number has one bit for each.
type scriptFlags struct{}

// The bits of [scriptFlags].
const (
	separateScripts = 1 << iota
	undeclaredKeys  // taken because it is asked for elsewhere; scripts need not ask here
)

func (scriptFlags) several() bool { return true }

func (scriptFlags) read(text, _ string) (v value, err error) {
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' })
	for _, name := range fields {
		switch name {
		case "disable-atomicity":
			v.number |= separateScripts
		case "allow-undeclared-keys":
			v.number |= undeclaredKeys
		default:
			return value{}, errScriptFlag
		}
	}
	v.shown = strings.Join(fields, " ")
	return v, nil
}

// SeparateScripts tells whether lua-default-flags has disable-atomicity.
func (c *Config) SeparateScripts() bool { return c.Int(LuaDefaultFlags)&separateScripts != 0 }

// scores takes three numbers for the killer of processes that take too much memory.
type scores struct{}

func (scores) several() bool { return true }

func (scores) read(text, _ string) (value, error) {
	fields := strings.Fields(text)
	if len(fields) != 3 {
		return value{}, errArgCount
	}
	for _, field := range fields {
		if n, err := strconv.ParseInt(field, 10, 64); err != nil || n < -2000 || n > 2000 {
			return value{}, errors.New("Invalid oom-score-adj-values, elements must be " +
				"between -2000 and 2000.")
		}
	}
	return value{shown: strings.Join(fields, " ")}, nil
}

// OutputLimit is how much output may wait for a client of one class.
type OutputLimit struct {
	HardBytes, SoftBytes int64 // 0: no limit
	SoftSeconds          int64
}

// OutputLimit is what client-output-buffer-limit says for a class: "normal", "slave" or
// "pubsub". It parses the value, so ask when it changes and not for every reply.
func (c *Config) OutputLimit(class string) (l OutputLimit) {
	fields := strings.Fields(c.Text(ClientOutputBufferLimit))
	for ; len(fields) >= outputFields; fields = fields[outputFields:] {
		if fields[0] == class {
			l.HardBytes, _ = ParseMemory(fields[1])
			l.SoftBytes, _ = ParseMemory(fields[2])
			l.SoftSeconds, _ = strconv.ParseInt(fields[3], 10, 64)
		}
	}
	return l
}

// Percentiles are the numbers of latency-tracking-info-percentiles.
func (c *Config) Percentiles() []float64 {
	var shares []float64
	for _, field := range strings.Fields(c.Text(LatencyTrackingInfoPercentiles)) {
		share, err := strconv.ParseFloat(field, 64)
		if err == nil {
			shares = append(shares, share)
		}
	}
	return shares
}
