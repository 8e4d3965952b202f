// SPDX-License-Identifier: Apache-2.0

package reply

import (
	"errors"
	"fmt"
	"testing"

	"stampede/internal/resp"
)

func TestBuffer(t *testing.T) {
	for _, c := range []struct {
		name   string
		write  func(r *Buffer)
		v2, v3 string
	}{
		{"null", func(r *Buffer) { r.Null() }, "$-1\r\n", "_\r\n"},
		{"null array", func(r *Buffer) { r.NullArray() }, "*-1\r\n", "_\r\n"},
		{"map", func(r *Buffer) { r.Map(2) }, "*4\r\n", "%2\r\n"},
		{"set", func(r *Buffer) { r.Set(2) }, "*2\r\n", "~2\r\n"},
		{"push", func(r *Buffer) { r.Push(2) }, "*2\r\n", ">2\r\n"},
		{"double", func(r *Buffer) { r.Double(1.5) }, "$3\r\n1.5\r\n", ",1.5\r\n"},
		{"bool", func(r *Buffer) { r.Bool(true) }, ":1\r\n", "#t\r\n"},
		{"integer as text", func(r *Buffer) { r.IntText(-12) }, "$3\r\n-12\r\n", "$3\r\n-12\r\n"},
		{"verbatim", func(r *Buffer) { r.Verbatim("txt", "a") }, "$1\r\na\r\n", "=5\r\ntxt:a\r\n"},
		{"known error", func(r *Buffer) { r.Err(fmt.Errorf("set: %w", ErrSyntax)) },
			"-ERR syntax error\r\n", "-ERR syntax error\r\n"},
		{"our own trouble", func(r *Buffer) { r.Err(errors.New("a secret")) },
			"-ERR internal error\r\n", "-ERR internal error\r\n"},
		{"array counted at its end", func(r *Buffer) {
			r.OK()
			at := r.Len()
			r.Int(1)
			r.Int(2)
			r.ArrayAt(at, 2)
		}, "+OK\r\n*2\r\n:1\r\n:2\r\n", "+OK\r\n*2\r\n:1\r\n:2\r\n"},
		{"map counted at its end", func(r *Buffer) {
			r.Int(1)
			r.Int(2)
			r.MapAt(0, 1)
		}, "*2\r\n:1\r\n:2\r\n", "%1\r\n:1\r\n:2\r\n"},
		{"taken back", func(r *Buffer) {
			r.OK()
			r.Truncate(0)
		}, "", ""},
	} {
		for proto, want := range map[resp.Proto]string{0: c.v2, resp.RESP2: c.v2, resp.RESP3: c.v3} {
			r := Buffer{Proto: proto}
			if c.write(&r); string(r.B) != want {
				t.Errorf("%s, version %d: got %q, want %q", c.name, proto, r.B, want)
			}
		}
	}
}
