// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"

	"stampede/internal/resp"
)

// lane is a connection to a server that speaks Redis' protocol: calls are queued, sent
// together, and their replies read in order.
type lane struct {
	conn    net.Conn
	out     []byte
	in      []byte // bytes read; those before from are used up
	from    int
	scratch []byte
}

// laneBytes is how much is read at a time at least.
const laneBytes = 16 << 10

// dial connects to host:port.
func dial(ctx context.Context, address string) (*lane, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &lane{conn: conn, in: make([]byte, 0, laneBytes)}, nil
}

func (l *lane) close() error { return l.conn.Close() }

// call begins a call of so many words, its name included. They follow by text and number.
func (l *lane) call(words int, name string) {
	l.out = resp.AppendArray(l.out, words)
	l.text(name)
}

func (l *lane) text(word string) { l.out = resp.AppendBulkString(l.out, word) }

func (l *lane) number(n int64) { l.named("", n) }

// named queues a word that ends in a number.
func (l *lane) named(prefix string, n int64) {
	l.scratch = strconv.AppendInt(append(l.scratch[:0], prefix...), n, 10)
	l.out = resp.AppendBulk(l.out, l.scratch)
}

// flush sends what is queued. The connection is broken if ctx ends before the replies have
// been read and release is called.
func (l *lane) flush(ctx context.Context) (release func() bool, err error) {
	if err := ctx.Err(); err != nil {
		l.out = l.out[:0]
		return func() bool { return true }, err
	}
	release = context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	_, err = l.conn.Write(l.out)
	l.out = l.out[:0]
	return release, err
}

// errReply is an error reply, which ends a run.
var errReply = errors.New("the server refuses")

// reply reads one reply: its bytes, which are valid until the next one.
func (l *lane) reply() ([]byte, error) {
	for {
		n, kind, err := resp.SkipReply(l.in[l.from:])
		if err != nil {
			return nil, err
		}
		if n > 0 {
			raw := l.in[l.from : l.from+n]
			l.from += n
			if kind == resp.KindError {
				return nil, fmt.Errorf("%w: %s", errReply, raw[1:max(n-2, 1)])
			}
			return raw, nil
		}
		if err := l.more(); err != nil {
			return nil, err
		}
	}
}

// more reads what has come.
func (l *lane) more() error {
	l.in = append(l.in[:0], l.in[l.from:]...)
	l.from = 0
	if cap(l.in)-len(l.in) < laneBytes {
		l.in = append(make([]byte, 0, 2*cap(l.in)+laneBytes), l.in...)
	}
	n, err := l.conn.Read(l.in[len(l.in):cap(l.in)])
	l.in = l.in[:len(l.in)+n]
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// ask makes one call and decodes its reply.
func (l *lane) ask(words ...string) (resp.Value, error) {
	l.call(len(words), words[0])
	for _, word := range words[1:] {
		l.text(word)
	}
	_, err := l.conn.Write(l.out)
	if l.out = l.out[:0]; err != nil {
		return resp.Value{}, err
	}
	raw, err := l.reply()
	if err != nil {
		return resp.Value{}, err
	}
	v, _, err := resp.NextReply(raw)
	return v, err
}

// firstWord is the text of a reply, or of the first element of an array.
func firstWord(raw []byte) string {
	for len(raw) > 1 {
		end := 1
		for end < len(raw) && raw[end] != '\r' {
			end++
		}
		line := raw[1:end]
		rest := raw[min(end+2, len(raw)):]
		switch raw[0] {
		case '*':
			raw = rest
		case '$':
			n, ok := resp.ParseInt(line)
			if !ok || n < 0 || int(n) > len(rest) {
				return ""
			}
			return string(rest[:n])
		case '_':
			return ""
		default:
			return string(line)
		}
	}
	return ""
}

// number is the integer that a value is or tells as text; of anything else 0.
func number(v resp.Value) int64 {
	if v.Kind == resp.KindInt {
		return v.Int
	}
	n, _ := resp.ParseInt(v.Text)
	return n
}

// numbers are the numbers of a map, in RESP2 an array of names and values.
func numbers(v resp.Value) map[string]int64 {
	named := map[string]int64{}
	for i := 0; i+1 < len(v.Elems); i += 2 {
		named[string(v.Elems[i].Text)] = number(v.Elems[i+1])
	}
	return named
}
