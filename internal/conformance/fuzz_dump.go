// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// dumpDB reads a whole database as sorted lines, one a key: name, type, encoding, value,
// milliseconds to live. Scans with small steps must find exactly what is there; where one
// does not, a line says so.
func dumpDB(c *Conn, db int) ([]string, error) {
	if _, err := c.must("SELECT", strconv.Itoa(db)); err != nil {
		return nil, err
	}
	all, err := c.must("KEYS", "*")
	if err != nil {
		return nil, err
	}
	keys := flatten(all)
	slices.Sort(keys)
	scanned, err := scanAll(c, "SCAN")
	if err != nil {
		return nil, err
	}
	var lines []string
	if !slices.Equal(keys, scanned) {
		lines = append(lines, fmt.Sprintf("KEYS finds %q, SCAN %q", keys, scanned))
	}
	for _, key := range keys {
		line, err := dumpKey(c, key)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// readers are the calls that read a whole value, by type, before and after the key.
func readers() map[string][2][]string {
	return map[string][2][]string{
		"string": {{"GET"}, nil},
		"hash":   {{"HGETALL"}, nil},
		"set":    {{"SMEMBERS"}, nil},
		"zset":   {{"ZRANGE"}, {"0", "-1", "WITHSCORES"}},
		"list":   {{"LRANGE"}, {"0", "-1"}},
		"stream": {{"XINFO", "STREAM"}, {"FULL", "COUNT", "0"}},
		"none":   {{"EXISTS"}, nil},
	}
}

func dumpKey(c *Conn, key string) (string, error) {
	kind, err := c.must("TYPE", key)
	if err != nil {
		return "", err
	}
	read, ok := readers()[kind.Text]
	if !ok {
		return "", fmt.Errorf("key %q has the unknown type %q", key, kind.Text)
	}
	c.Put("OBJECT", "ENCODING", key)
	c.Put(slices.Concat(read[0], []string{key}, read[1])...)
	c.Put("PTTL", key)
	if err := c.Flush(); err != nil {
		return "", err
	}
	var replies [3]Value
	for i := range replies {
		if replies[i], err = c.Receive(); err != nil {
			return "", err
		}
	}
	if kind.Text == "hash" {
		order := ordering{unordered: true, group: 2, in: -1}
		replies[1] = order.sorted(replies[1])
		err = checkScan(c, "HSCAN", key, replies[1])
	}
	if kind.Text == "set" {
		order := ordering{unordered: true, group: 1, in: -1}
		replies[1] = order.sorted(replies[1])
		err = checkScan(c, "SSCAN", key, replies[1])
	}
	if kind.Text == "stream" {
		replies[1] = withoutTimes(replies[1])
	}
	if kind.Text == "zset" {
		err = checkScan(c, "ZSCAN", key, replies[1])
	}
	if err != nil {
		return err.Error(), nil
	}
	return fmt.Sprintf("%q %s %s %s %s", key, kind.Text, replies[0].Text,
		strings.Join(replies[1].Lines(), " "), replies[2].Text), nil
}

// checkScan wants a scan with small steps to find what the whole value holds.
func checkScan(c *Conn, scan, key string, whole Value) error {
	want := flatten(whole)
	slices.Sort(want)
	got, err := scanAll(c, scan, key)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, name := range want {
		names[name] = true
	}
	for _, name := range got {
		if !names[name] {
			return fmt.Errorf("%s %q finds %q, which is not there", scan, key, name)
		}
		delete(names, name)
	}
	for name := range names {
		return fmt.Errorf("%s %q does not find %q", scan, key, name)
	}
	return nil
}

// scanAll follows a cursor to its end and gives what was found, each once, sorted.
func scanAll(c *Conn, call ...string) ([]string, error) {
	var found []string
	cursor := "0"
	for range 1 << 20 {
		v, err := c.must(append(slices.Clone(call), cursor, "COUNT", "3")...)
		if err != nil {
			return nil, err
		}
		if len(v.Elems) != 2 {
			return nil, fmt.Errorf("%v gives %s", call, v)
		}
		found = append(found, flatten(v.Elems[1])...)
		if cursor = v.Elems[0].Text; cursor == "0" {
			slices.Sort(found)
			return slices.Compact(found), nil
		}
	}
	return nil, fmt.Errorf("%v comes to no end", call)
}
