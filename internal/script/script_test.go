// SPDX-License-Identifier: Apache-2.0

package script

import (
	"testing"

	"stampede/internal/reply"
	"stampede/internal/resp"
)

// eval runs a script on a new library and gives its reply in RESP2.
func eval(t testing.TB, h *fakeHost, source string, keys []string, args ...string) string {
	t.Helper()
	return evalIn(t, NewLibrary(Options{}), h, source, keys, args...)
}

func evalIn(t testing.TB, l *Library, h *fakeHost, source string, keys []string,
	args ...string) string {
	t.Helper()
	out := reply.Buffer{Proto: resp.RESP2}
	s, err := l.Eval([]byte(source))
	if err != nil {
		out.Err(err)
	} else {
		l.Run(s, Input{Host: h, Keys: bytesOf(keys), Args: bytesOf(args)}, &out)
	}
	return string(out.B)
}

func bytesOf(texts []string) [][]byte {
	b := make([][]byte, len(texts))
	for i, s := range texts {
		b[i] = []byte(s)
	}
	return b
}

func TestCallsReachTheHost(t *testing.T) {
	h := newFakeHost()
	got := eval(t, h, "return redis.call('SET', KEYS[1], ARGV[1])", []string{"k"}, "v")
	if got != "+OK\r\n" || h.strings["k"] != "v" {
		t.Errorf("SET: %q, stored %q", got, h.strings["k"])
	}
	if got := eval(t, h, "return redis.call('GET', KEYS[1])", []string{"k"}); got != "$1\r\nv\r\n" {
		t.Errorf("GET: %q", got)
	}
}
