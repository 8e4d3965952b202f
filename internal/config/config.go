// SPDX-License-Identifier: Apache-2.0

// Package config is the parameters of the server: those of redis.conf, by their names,
// with their bounds, read from a file, shown by CONFIG GET and changed by CONFIG SET.
//
// Every parameter is one row of the table (table.go, inert.go); how its values are read
// and shown is its kind (kind.go, compound.go). Parameters of Redis that mean nothing
// here are rows too, marked inert: they are accepted, checked and shown, because tools
// and old configuration files name them.
//
// # Ownership
//
// A [Config] belongs to nobody. Reading a value is one atomic load. Changing values takes
// a lock, changes all of them or none, and then calls the hooks of [Config.OnChange].
//
// # What is not here
//
// What a parameter does: whoever it concerns reads it where it needs it.
package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"stampede/internal/glob"
)

// Config holds a value for every parameter. Make it with [New].
type Config struct {
	numbers []atomic.Int64           // by row: numbers, truth values, places of words
	texts   []atomic.Pointer[string] // by row: the value as it is shown
	byName  map[string]int           // rows, by name and by older name

	expiryOff atomic.Bool

	mu    sync.Mutex // for those who change values
	hooks map[Param][]func()
	file  string // where the values came from and REWRITE writes them
	rows  []row
}

// New returns a Config in which every parameter has its default.
func New() *Config {
	rows := allRows()
	c := &Config{
		numbers: make([]atomic.Int64, len(rows)),
		texts:   make([]atomic.Pointer[string], len(rows)),
		byName:  make(map[string]int, 2*len(rows)),
		hooks:   make(map[Param][]func()),
		rows:    rows,
	}
	for i, r := range rows {
		c.byName[r.name] = i
		if r.older != "" {
			c.byName[r.older] = i
		}
		v, err := r.kind.read(r.preset, "")
		if err != nil {
			panic("config: default of " + r.name + ": " + err.Error())
		}
		c.store(i, v)
	}
	return c
}

// value is a checked value.
type value struct {
	number int64
	shown  string
}

func (c *Config) store(i int, v value) {
	c.numbers[i].Store(v.number)
	c.texts[i].Store(&v.shown)
}

// Int is the value of a parameter that is a number: an amount, bytes, the place of a word
// among the words of its row.
func (c *Config) Int(p Param) int64 { return c.numbers[p].Load() }

// Bool is the value of a parameter that is yes or no.
func (c *Config) Bool(p Param) bool { return c.numbers[p].Load() != 0 }

// Text is the value of any parameter as CONFIG GET shows it.
func (c *Config) Text(p Param) string { return *c.texts[p].Load() }

// ActiveExpire tells whether keys are removed when their deadline has passed, looked for or
// not. It is no parameter: DEBUG SET-ACTIVE-EXPIRE alone turns it off, for tests.
func (c *Config) ActiveExpire() bool { return !c.expiryOff.Load() }

// SetActiveExpire is DEBUG SET-ACTIVE-EXPIRE.
func (c *Config) SetActiveExpire(on bool) { c.expiryOff.Store(!on) }

// Setting is a parameter with its value as text.
type Setting struct{ Name, Value string }

// Get returns the parameters whose names match one of the patterns in any case, each
// once, sorted by name. A name without stars comes back as it was asked for, an older
// name under that name.
func (c *Config) Get(patterns ...[]byte) []Setting {
	found := make(map[string]string) // as shown, by name
	for _, pattern := range patterns {
		exact := strings.ToLower(string(pattern))
		if _, known := c.byName[exact]; known {
			if found[exact] == "" {
				found[exact] = string(pattern)
			}
			continue
		}
		for name := range c.byName {
			if found[name] == "" && glob.MatchFold(pattern, []byte(name)) {
				found[name] = name
			}
		}
	}
	settings := make([]Setting, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		settings = append(settings, Setting{found[name], *c.texts[c.byName[name]].Load()})
	}
	return settings
}

// Set changes all the given parameters, or none if one of them cannot be changed. The
// error says why, in Redis' words but without their code.
func (c *Config) Set(settings ...Setting) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed, err := c.plan(settings)
	if err != nil {
		return err
	}
	for i, v := range changed {
		c.store(i, v)
	}
	for i := range changed {
		for _, hook := range c.hooks[Param(i)] {
			hook()
		}
	}
	return nil
}

// plan checks settings and returns the new values by row.
func (c *Config) plan(settings []Setting) (map[int]value, error) {
	for _, s := range settings {
		if _, known := c.byName[strings.ToLower(s.Name)]; !known {
			return nil, fmt.Errorf("%s - '%s'", errUnknown, s.Name)
		}
	}
	changed := make(map[int]value, len(settings))
	for _, s := range settings {
		i := c.byName[strings.ToLower(s.Name)]
		v, err := c.checkLive(i, s.Value)
		if _, twice := changed[i]; twice {
			err = errTwice
		}
		if err != nil {
			return nil, fmt.Errorf("CONFIG SET failed (possibly related to argument '%s') - %w",
				s.Name, err)
		}
		changed[i] = v
	}
	return changed, nil
}

// checkLive reads a new value for a parameter of a running server.
func (c *Config) checkLive(i int, text string) (value, error) {
	r := &c.rows[i]
	before := *c.texts[i].Load()
	switch {
	case r.when == atStart:
		return value{}, errFixed
	case r.when == guarded && !c.Bool(EnableProtectedConfigs):
		return value{}, errGuarded
	}
	v, err := r.kind.read(text, before)
	if err == nil && (r.when == bound || r.when == guarded) && v.shown != before {
		return value{}, errFixed
	}
	return v, err
}

// OnChange lets hook run after [Config.Set] has given the parameter a value, which may be
// the one it had. Hooks run one at a time, on the goroutine of whoever called Set; they
// may read values and must call nothing else of c.
func (c *Config) OnChange(p Param, hook func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks[p] = append(c.hooks[p], hook)
}

// SetAtStart gives a parameter its value before the server runs, as a line of a file or a
// flag does: name and arguments, of which some parameters take several.
func (c *Config) SetAtStart(name string, args ...string) error {
	i, known := c.byName[strings.ToLower(name)]
	if !known {
		return fmt.Errorf("unknown parameter %q", name)
	}
	if len(args) == 0 || (len(args) > 1 && !c.rows[i].kind.several()) {
		return fmt.Errorf("wrong number of arguments for %q", name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	v, err := c.rows[i].kind.read(strings.Join(args, " "), *c.texts[i].Load())
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.store(i, v)
	return nil
}

// Secret tells whether the value of a parameter must not be shown in a log.
func (c *Config) Secret(name string) bool {
	i, known := c.byName[strings.ToLower(name)]
	return known && c.rows[i].secret
}

// WithoutEffect are the names of the parameters that were set to something else than their
// default although nothing here heeds them. Whoever starts the server tells its log.
func (c *Config) WithoutEffect() (names []string) {
	for i := range c.rows {
		if c.rows[i].inert && !c.isPreset(i) {
			names = append(names, c.rows[i].name)
		}
	}
	return names
}
