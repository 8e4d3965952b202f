// SPDX-License-Identifier: Apache-2.0

// Package migrate is the client's side of MIGRATE: it hands values to another server by RESTORE.
//
// A [Link] belongs to the goroutine that dialled it, or was given it by [Links], which anyone may
// use. Each step of it waits at most as long as its target says, and ends at once when the
// context of [Dial] does. What the other side answers is read into a bounded buffer; what is no
// status and no error ends the link, because then it is no server that could have taken anything.
//
// Which keys go, and what becomes of them here, is not here (package family/generic).
package migrate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"stampede/internal/resp"
)

// Target is the server that values go to.
type Target struct {
	Host     string
	Port     uint16
	DB       int64         // the database that is selected there
	User     []byte        // nil: AUTH is sent without a name
	Password []byte        // nil: no AUTH is sent
	Timeout  time.Duration // of each step: to connect, to write 64 KiB, to read a line
}

// Fault is why there is no link, or none any more, in the words of redis-server.
type Fault string

// The faults.
const (
	ErrConnect Fault = "IOERR error or timeout connecting to the client"
	ErrWrite   Fault = "IOERR error or timeout writing to target instance"
	ErrRead    Fault = "IOERR error or timeout reading to target instance"
)

// Error is the fault as a client is told.
func (f Fault) Error() string { return string(f) }

// Refusal is what a target has answered instead of OK: the text of its error.
type Refusal string

// Error is the refusal as a client is told.
func (r Refusal) Error() string { return "ERR Target instance replied with error: " + string(r) }

// Parcel is a key and its value on the way.
type Parcel struct {
	Key     []byte
	Payload []byte // as DUMP gives it
	TTLMs   int64  // 0: it lives for ever
	Replace bool   // what is there under the key goes
	Err     error  // of the target: nil says that it has taken it
}

// Link is a connection to a target.
type Link struct {
	conn    net.Conn
	timeout time.Duration
	in      *bufio.Reader
	out     *bufio.Writer
	line    []byte      // the last reply, at most lineMax bytes of it
	stop    func() bool // ends what lets the context end the link
	broken  error       // why nothing goes over it any more
	from    account     // for [Links]
}

// chunkBytes is how much must go within a timeout.
const chunkBytes = 64 << 10

// Dial connects to a target, shows it the password and selects its database: only if it has
// agreed to both is there a link. The error is a [Fault] or a [Refusal].
func Dial(ctx context.Context, t *Target) (*Link, error) {
	if t.Host == "" {
		return nil, ErrConnect // it would be this machine
	}
	dialer := net.Dialer{Timeout: t.Timeout}
	address := net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port)))
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, dialFault(err)
	}
	l := newLink(conn, t.Timeout)
	l.bind(ctx, t.Timeout)
	if err := l.greet(t); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// dialFault tells a host that refuses, which redis-server notices when it writes, from others.
func dialFault(err error) Fault {
	var timeout net.Error
	var lookup *net.DNSError
	if errors.Is(err, context.Canceled) || errors.As(err, &lookup) ||
		errors.As(err, &timeout) && timeout.Timeout() {
		return ErrConnect
	}
	return ErrWrite
}

func newLink(conn net.Conn, timeout time.Duration) *Link {
	l := &Link{conn: conn, timeout: timeout, stop: func() bool { return true }}
	l.in = bufio.NewReader(conn)
	l.out = bufio.NewWriterSize(steps{l}, chunkBytes)
	return l
}

// bind lets the link end with a context.
func (l *Link) bind(ctx context.Context, timeout time.Duration) {
	l.timeout = timeout
	l.stop = context.AfterFunc(ctx, func() { _ = l.conn.Close() })
}

// Close ends the link.
func (l *Link) Close() {
	l.stop()
	_ = l.conn.Close()
}

func (l *Link) greet(t *Target) error {
	if t.Password != nil {
		args := [][]byte{[]byte("AUTH"), t.Password}
		if t.User != nil {
			args = [][]byte{[]byte("AUTH"), t.User, t.Password}
		}
		if err := l.ask(args...); err != nil {
			return err
		}
	}
	return l.choose(t.DB)
}

// choose selects a database.
func (l *Link) choose(db int64) error {
	return l.ask([]byte("SELECT"), strconv.AppendInt(nil, db, 10))
}

// ask sends a call and reads its reply.
func (l *Link) ask(args ...[]byte) error {
	l.put(args...)
	if err := l.flush(); err != nil {
		return err
	}
	return l.reply()
}

// Restore sends parcels and waits for the answer to each of them, which is then in its Err. If
// the link breaks, those that were not answered have that error: the target may have them or
// not.
func (l *Link) Restore(parcels []*Parcel) {
	for _, p := range parcels {
		p.Err = l.broken
		args := [][]byte{[]byte("RESTORE"), p.Key, strconv.AppendInt(nil, p.TTLMs, 10), p.Payload}
		if p.Replace {
			args = append(args, []byte("REPLACE"))
		}
		l.put(args...)
	}
	if err := l.flush(); err != nil {
		for _, p := range parcels {
			p.Err = err
		}
		return
	}
	for _, p := range parcels {
		p.Err = l.reply()
	}
}

// Delete removes keys from the target; it tells whether it was answered.
func (l *Link) Delete(keys [][]byte) error {
	return l.ask(append([][]byte{[]byte("DEL")}, keys...)...)
}

// Broken is why nothing goes over the link any more, or nil.
func (l *Link) Broken() error { return l.broken }

// put appends a call to what is to be sent; long arguments go at once.
func (l *Link) put(args ...[]byte) {
	if l.broken != nil {
		return
	}
	_, _ = l.out.Write(resp.AppendArray(l.out.AvailableBuffer(), len(args)))
	for _, arg := range args {
		head := append(l.out.AvailableBuffer(), '$')
		head = append(strconv.AppendInt(head, int64(len(arg)), 10), "\r\n"...)
		_, _ = l.out.Write(head)
		_, _ = l.out.Write(arg)
		_, _ = l.out.WriteString("\r\n") // flush tells what went wrong
	}
}

func (l *Link) flush() error {
	if l.broken == nil && l.out.Flush() != nil {
		l.broken = ErrWrite
	}
	return l.broken
}

// reply reads one reply; the error is a [Refusal], or what has broken the link.
func (l *Link) reply() error {
	if l.broken != nil {
		return l.broken
	}
	if l.conn.SetReadDeadline(time.Now().Add(l.timeout)) != nil {
		l.broken = ErrRead
		return l.broken
	}
	var err error
	if l.line, err = readLine(l.in, l.line[:0]); err != nil {
		l.broken = ErrRead
		return l.broken
	}
	if l.line[0] == '-' {
		return Refusal(l.line[1:])
	}
	return nil
}

// lineMax is how much of a reply is kept.
const lineMax = 1023

var errNoReply = errors.New("migrate: neither a status nor an error")

// readLine reads a line that is a status, a number or an error, without its end, and appends it
// to line. What is longer than [lineMax] is cut.
func readLine(in *bufio.Reader, line []byte) ([]byte, error) {
	for {
		part, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) == 0 && part[0] != '+' && part[0] != '-' && part[0] != ':' {
			return line, errNoReply
		}
		if err == nil {
			part = bytes.TrimSuffix(part[:len(part)-1], []byte("\r"))
		} else if n := len(part) - 1; part[n] == '\r' && in.UnreadByte() == nil {
			part = part[:n] // it may be of the end
		}
		line = append(line, part[:min(len(part), lineMax-len(line))]...)
		if err == nil {
			return line, nil
		}
	}
}

// steps writes to a link in chunks, each of which has the timeout.
type steps struct{ link *Link }

func (s steps) Write(b []byte) (n int, err error) {
	l := s.link
	for n < len(b) && err == nil {
		if err = l.conn.SetWriteDeadline(time.Now().Add(l.timeout)); err != nil {
			break
		}
		var wrote int
		wrote, err = l.conn.Write(b[n:min(n+chunkBytes, len(b))])
		n += wrote
	}
	return n, err
}
