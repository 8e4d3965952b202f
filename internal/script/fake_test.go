// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strconv"
	"strings"

	"stampede/internal/reply"
)

// fakeHost is a store of strings and hashes, good enough for scripts that are recipes.
type fakeHost struct {
	strings  map[string]string
	hashes   map[string]map[string]string
	readOnly bool
	wrote    bool
	pauses   int
	stop     error // what Pause answers once it was asked stopAfter times
	stopAt   int
	panics   any // what a call panics with
	calls    int
}

func newFakeHost() *fakeHost {
	return &fakeHost{strings: map[string]string{}, hashes: map[string]map[string]string{}}
}

func (h *fakeHost) ReadOnly()     { h.readOnly = true }
func (h *fakeHost) AllowOOM()     {}
func (h *fakeHost) Separate()     {}
func (h *fakeHost) HasRoom() bool { return true }
func (h *fakeHost) Wrote() bool   { return h.wrote }

func (h *fakeHost) Pause() error {
	h.pauses++
	if h.stop != nil && h.pauses > h.stopAt {
		return h.stop
	}
	return nil
}

func (h *fakeHost) Call(argv [][]byte, out *reply.Buffer) {
	h.calls++
	if h.panics != nil {
		panic(h.panics)
	}
	args := make([]string, len(argv))
	for i, a := range argv {
		args[i] = string(a)
	}
	name := strings.ToUpper(args[0])
	switch name {
	case "SET", "DEL", "HSET", "HINCRBY":
		if h.readOnly {
			out.Fail("ERR Write commands are not allowed from read-only scripts.")
			return
		}
		h.wrote = true
	}
	switch name {
	case "PING":
		out.Simple("PONG")
	case "ECHO":
		out.Text(args[1])
	case "RAW":
		out.B = append(out.B, args[1]...)
	case "SET":
		h.strings[args[1]] = args[2]
		out.OK()
	case "GET":
		h.text(h.strings, args[1], out)
	case "DEL":
		n := len(h.strings)
		delete(h.strings, args[1])
		out.Int(int64(n - len(h.strings)))
	case "HSET", "HGET", "HMGET", "HINCRBY":
		h.hash(name, args, out)
	default:
		out.Fail("ERR Unknown Redis command called from script")
	}
}

func (h *fakeHost) text(m map[string]string, key string, out *reply.Buffer) {
	if s, ok := m[key]; ok {
		out.Text(s)
	} else {
		out.Null()
	}
}

func (h *fakeHost) hash(name string, args []string, out *reply.Buffer) {
	hash := h.hashes[args[1]]
	if hash == nil {
		hash = map[string]string{}
		h.hashes[args[1]] = hash
	}
	switch name {
	case "HSET":
		for i := 2; i+1 < len(args); i += 2 {
			hash[args[i]] = args[i+1]
		}
		out.Int(int64(len(args)-2) / 2)
	case "HGET":
		h.text(hash, args[2], out)
	case "HMGET":
		out.Array(len(args) - 2)
		for _, field := range args[2:] {
			h.text(hash, field, out)
		}
	case "HINCRBY":
		n, _ := strconv.Atoi(hash[args[2]])
		by, _ := strconv.Atoi(args[3])
		hash[args[2]] = strconv.Itoa(n + by)
		out.Int(int64(n + by))
	}
}
