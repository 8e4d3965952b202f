// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"stampede/internal/command"
	"stampede/internal/keyspace"
	"stampede/internal/reply"
	"stampede/internal/resp"
)

// sample is a reply of one type, for tests of clients. The values are those of Redis.
type sample struct {
	name  string
	write func(r *reply.Buffer)
}

func samples() []sample {
	return []sample{
		{"STRING", func(r *reply.Buffer) { r.Text("Hello World") }},
		{"INTEGER", func(r *reply.Buffer) { r.Int(12345) }},
		{"DOUBLE", func(r *reply.Buffer) { r.Double(3.141) }},
		{"BIGNUM", func(r *reply.Buffer) {
			r.B = resp.AppendBigNumber(r.B, "1234567999999999999999999999999999999", r.Proto)
		}},
		{"NULL", func(r *reply.Buffer) { r.Null() }},
		{"ARRAY", func(r *reply.Buffer) { r.Array(3); countTo3(r) }},
		{"SET", func(r *reply.Buffer) { r.Set(3); countTo3(r) }},
		{"MAP", sampleMap},
		{"ATTRIB", sampleAttribute},
		{"PUSH", samplePush},
		{"VERBATIM", func(r *reply.Buffer) { r.Verbatim("txt", "This is a verbatim\nstring") }},
		{"TRUE", func(r *reply.Buffer) { r.Bool(true) }},
		{"FALSE", func(r *reply.Buffer) { r.Bool(false) }},
	}
}

func countTo3(r *reply.Buffer) {
	for i := range int64(3) {
		r.Int(i)
	}
}

func sampleMap(r *reply.Buffer) {
	r.Map(3)
	for i := range int64(3) {
		r.Int(i)
		r.Bool(i == 1)
	}
}

// sampleAttribute is a reply with something said about it before, which only RESP3 can do.
func sampleAttribute(r *reply.Buffer) {
	if r.Proto >= resp.RESP3 {
		r.B = append(r.B, "|1\r\n"...)
		r.Text("key-popularity")
		r.Array(2)
		r.Text("key:123")
		r.Int(90)
	}
	r.Text("Some real reply following the attribute")
}

// samplePush sends a message that no call asked for, and a reply after it.
func samplePush(r *reply.Buffer) {
	if r.Proto < resp.RESP3 {
		r.Fail("ERR RESP2 is not supported by this command")
		return
	}
	r.Push(2)
	r.Text("server-cpu-usage")
	r.Int(42)
	r.Text("Some real reply following the push reply")
}

func debugProtocol(_ *admin, _ []*keyspace.Space, c *command.Call) {
	name := c.Args.Bytes()
	for _, s := range samples() {
		if command.EqualFold(name, s.name) {
			s.write(c.Reply)
			return
		}
	}
	c.Reply.Fail(errProtocolName)
}
