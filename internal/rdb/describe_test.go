// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/conformance"
	"stampede/internal/rdb"
)

// A value is described by a text, made of what the Reader gives or of what a server answers,
// so that the two can be compared. Sets and the like are sorted.

// describeValue reads the value of an item and describes it.
func describeValue(r *rdb.Reader, item *rdb.Item) (string, error) {
	switch kind := item.Type.Kind(); kind {
	case rdb.String:
		s, err := r.String()
		return fmt.Sprintf("string %q", s), err
	case rdb.List, rdb.Set:
		var lines []string
		for {
			m, err := r.Member()
			if err == io.EOF {
				return describeLines(kind, lines), nil
			}
			if err != nil {
				return "", err
			}
			lines = append(lines, strconv.Quote(string(m)))
		}
	case rdb.Hash:
		var lines []string
		for {
			field, value, err := r.Pair()
			if err == io.EOF {
				return describeLines(kind, lines), nil
			}
			if err != nil {
				return "", err
			}
			lines = append(lines, fmt.Sprintf("%q %q", field, value))
		}
	case rdb.ZSet:
		var lines []string
		for {
			member, score, err := r.Scored()
			if err == io.EOF {
				return describeLines(kind, lines), nil
			}
			if err != nil {
				return "", err
			}
			lines = append(lines, fmt.Sprintf("%q %v", member, score))
		}
	case rdb.Stream:
		return describeStream(r)
	case rdb.Module:
		return describeModule(r, item)
	}
	return "", fmt.Errorf("type %d has no kind", item.Type)
}

func describeLines(kind rdb.Kind, lines []string) string {
	if kind != rdb.List {
		sort.Strings(lines)
	}
	name := map[rdb.Kind]string{rdb.List: "list", rdb.Set: "set", rdb.Hash: "hash", rdb.ZSet: "zset"}
	return name[kind] + "\n" + strings.Join(lines, "\n")
}

func describeModule(r *rdb.Reader, item *rdb.Item) (string, error) {
	text := fmt.Sprintf("module %s %d", item.Module.Name(), item.Module.Version())
	for {
		f, err := r.Field()
		if err == io.EOF {
			return text, nil
		}
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("\n%d %d %d %v %q", f.Kind, f.Int, f.Uint, f.Num, f.Text)
	}
}

func describeID(id rdb.StreamID) string { return fmt.Sprintf("%d-%d", id.Ms, id.Seq) }

func describeStream(r *rdb.Reader) (string, error) {
	text := "stream"
	err := r.Stream(rdb.StreamVisitor{
		Entry: func(id rdb.StreamID, pairs [][]byte) error {
			text += fmt.Sprintf("\nentry %s %q", describeID(id), pairs)
			return nil
		},
		Meta: func(m rdb.StreamMeta) error {
			text += fmt.Sprintf("\nmeta length %d last %s deleted %s added %d groups %d", m.Length,
				describeID(m.Last), describeID(m.MaxDeleted), m.EntriesAdded, m.Groups)
			return nil
		},
		Group: func(g rdb.StreamGroup) error {
			text += fmt.Sprintf("\ngroup %q last %s read %d", g.Name, describeID(g.Last), g.EntriesRead)
			return nil
		},
		Pending: func(p rdb.StreamPending) error {
			text += fmt.Sprintf("\npending %s at %d times %d",
				describeID(p.ID), p.DeliveredMs, p.Deliveries)
			return nil
		},
		Consumer: func(c rdb.StreamConsumer) error {
			text += fmt.Sprintf("\nconsumer %q seen %d", c.Name, c.SeenMs)
			return nil
		},
		Owned: func(id rdb.StreamID) error {
			text += "\nowned " + describeID(id)
			return nil
		},
	})
	return text, err
}

// describeFile reads a whole file: "db key" → deadline and value, other items by themselves.
func describeFile(r *rdb.Reader) (map[string]string, error) {
	all := map[string]string{}
	for {
		item, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		switch item.What {
		case rdb.ItemAux:
			all["aux "+string(item.Name)] = string(item.Value)
		case rdb.ItemFunction:
			all["function"] += string(item.Value)
		case rdb.ItemKey:
			name, deadlineMs := fmt.Sprintf("%d %q", item.DB, item.Key), item.DeadlineMs
			text, err := describeValue(r, item)
			if err != nil {
				return all, err
			}
			all[name] = fmt.Sprintf("until %d %s", deadlineMs, text)
		}
	}
}

// server is a connection to a redis-server whose answers are described.
type server struct {
	t    testing.TB
	conn *conformance.Conn
}

func dial(t testing.TB, addr string) server {
	t.Helper()
	conn, err := conformance.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return server{t, conn}
}

// do asks and wants an answer that is no error.
func (s server) do(args ...string) conformance.Value {
	s.t.Helper()
	v, err := s.conn.Do(args...)
	if err != nil || v.IsError() {
		s.t.Fatalf("%.80q: %v %s", args, err, v.Text)
	}
	return v
}

// strings asks for a list of strings.
func (s server) strings(args ...string) []string {
	s.t.Helper()
	var list []string
	for _, v := range s.do(args...).Elems {
		list = append(list, v.Text)
	}
	return list
}

// describe asks for all of a key's value.
func (s server) describe(key string) string {
	s.t.Helper()
	switch kind := s.do("TYPE", key).Text; kind {
	case "string":
		return fmt.Sprintf("string %q", s.do("GET", key).Text)
	case "list":
		return describeLines(rdb.List, quoted(s.strings("LRANGE", key, "0", "-1"), 1))
	case "set":
		return describeLines(rdb.Set, quoted(s.strings("SMEMBERS", key), 1))
	case "hash":
		return describeLines(rdb.Hash, quoted(s.strings("HGETALL", key), 2))
	case "zset":
		var lines []string
		list := s.strings("ZRANGE", key, "0", "-1", "WITHSCORES")
		for i := 0; i < len(list); i += 2 {
			score, err := strconv.ParseFloat(list[i+1], 64)
			if err != nil {
				s.t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%q %v", list[i], score))
		}
		return describeLines(rdb.ZSet, lines)
	case "stream":
		return s.describeStream(key)
	default:
		s.t.Fatalf("key %q is of type %s", key, kind)
		return ""
	}
}

func quoted(list []string, together int) []string {
	var lines []string
	for i := 0; i < len(list); i += together {
		line := strconv.Quote(list[i])
		if together == 2 {
			line += " " + strconv.Quote(list[i+1])
		}
		lines = append(lines, line)
	}
	return lines
}

// describeAll describes all keys of the first three databases with their deadlines.
func (s server) describeAll() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	for db := range 3 {
		s.do("SELECT", strconv.Itoa(db))
		for _, key := range s.strings("KEYS", "*") {
			until := max(0, s.integer("PEXPIRETIME", key))
			all[fmt.Sprintf("%d %q", db, key)] = fmt.Sprintf("until %d %s", until, s.describe(key))
		}
	}
	s.do("SELECT", "0")
	return all
}

func (s server) integer(args ...string) int64 {
	s.t.Helper()
	n, err := strconv.ParseInt(s.do(args...).Text, 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// field finds the value of a name in a flat list of names and values.
func field(v conformance.Value, name string) conformance.Value {
	for i := 0; i+1 < len(v.Elems); i += 2 {
		if v.Elems[i].Text == name {
			return v.Elems[i+1]
		}
	}
	return conformance.Value{Text: "no " + name}
}

func (s server) describeStream(key string) string {
	s.t.Helper()
	v := s.do("XINFO", "STREAM", key, "FULL", "COUNT", "0")
	text := "stream"
	for _, entry := range field(v, "entries").Elems {
		var pairs []string
		for _, part := range entry.Elems[1].Elems {
			pairs = append(pairs, part.Text)
		}
		text += fmt.Sprintf("\nentry %s %q", entry.Elems[0].Text, pairs)
	}
	groups := field(v, "groups").Elems
	text += fmt.Sprintf("\nmeta length %s last %s deleted %s added %s groups %d",
		field(v, "length").Text, field(v, "last-generated-id").Text,
		field(v, "max-deleted-entry-id").Text, field(v, "entries-added").Text, len(groups))
	for _, g := range groups {
		read := field(g, "entries-read")
		if read.Null {
			read.Text = "-1"
		}
		text += fmt.Sprintf("\ngroup %q last %s read %s", field(g, "name").Text,
			field(g, "last-delivered-id").Text, read.Text)
		for _, p := range field(g, "pending").Elems {
			text += fmt.Sprintf("\npending %s at %s times %s",
				p.Elems[0].Text, p.Elems[2].Text, p.Elems[3].Text)
		}
		for _, c := range field(g, "consumers").Elems {
			text += fmt.Sprintf("\nconsumer %q seen %s",
				field(c, "name").Text, field(c, "seen-time").Text)
			for _, p := range field(c, "pending").Elems {
				text += "\nowned " + p.Elems[0].Text
			}
		}
	}
	return text
}

// compare reports what differs.
func compare(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	for name, w := range want {
		if g, ok := got[name]; !ok {
			t.Errorf("%s: %s is missing", what, name)
		} else if g != w {
			t.Errorf("%s: %s:\n%.2000s\nwant\n%.2000s", what, name, g, w)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s is too much", what, name)
		}
	}
}
