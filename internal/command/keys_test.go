// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"slices"
	"testing"

	"stampede/internal/command"
)

func TestKeys(t *testing.T) {
	table := newTable(t,
		spec("GET", "@key", command.Read), spec("DEL", "@key [@key ...]", command.Write),
		spec("MSET", "@key value [@key value ...]", command.Write),
		spec("BLPOP", "@key [@key ...] timeout:double", command.Write),
		spec("LCS", "@key1 @key2 [LEN]", command.Read),
		spec("ZUNION", "numkeys:int @key [@key ...] [WITHSCORES]", command.Read),
		spec("EVAL", "script numkeys:int [@key [@key ...]] [arg [arg ...]]", command.NoMandKeys),
		spec("XREAD", "[COUNT n:int] STREAMS @key [@key ...] id [id ...]", command.Read),
		spec("MAYBE", "value [STORE @destination]", command.Write),
		container("OBJECT"), spec("OBJECT|FREQ", "@key", command.Read),
		spec("PING", "[message]", 0),
	)
	for text, want := range map[string][]int{
		"get k": {1}, "del a b c": {1, 2, 3}, "mset a 1 b 2": {1, 3}, "mset a 1 b": {1, 3},
		"blpop a b 0": {1, 2}, "lcs a b LEN": {1, 2}, "zunion 2 a b WITHSCORES": {2, 3},
		"eval s 0 x": nil, "eval s 1 k x": {3}, "xread streams a b 0 0": {2, 3},
		"xread COUNT 1 Streams a 0": {4}, "maybe v": nil, "maybe v store d": {3},
		"object freq k": {2}, "ping": nil,
	} {
		argv := call(text)
		row, fail := table.Lookup(argv)
		if fail != "" {
			t.Fatal(fail)
		}
		if got, err := row.Keys(argv, nil); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: keys at %v, error %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"zunion x a", "zunion 0 a", "zunion -1 a", "zunion 2 a",
		"zunion 9223372036854775807 a", "eval s x", "eval s 2 a", "xread streams a", "maybe v store"} {
		argv := call(text)
		row, _ := table.Lookup(argv)
		dst := []int{7}
		if got, err := row.Keys(argv, dst); err != command.ErrKeys || !slices.Equal(got, dst) {
			t.Errorf("%q: keys at %v, error %v, want an error", text, got, err)
		}
	}
}

func TestKeysAllocatesNothing(t *testing.T) {
	table := newTable(t, spec("ZUNION", "numkeys:int @key [@key ...] [WITHSCORES]", command.Read))
	argv, dst := call("zunion 3 a b c"), make([]int, 0, 8)
	row, _ := table.Lookup(argv)
	if n := testing.AllocsPerRun(100, func() { _, _ = row.Keys(argv, dst) }); n != 0 {
		t.Errorf("Keys allocates %v times", n)
	}
}

func TestOneKey(t *testing.T) {
	table := newTable(t, spec("GET", "@key", 0), spec("SET", "@key value [NX | XX]", 0),
		spec("DEL", "@key [@key ...]", 0), spec("MSET", "@key value [@key value ...]", 0),
		spec("COPY", "@source @destination", 0), spec("PING", "", 0),
		spec("SORT", "@key [STORE @destination]", 0))
	for i, want := range []bool{true, true, false, false, false, false, false} {
		if row := table.Rows()[i]; row.OneKey != want {
			t.Errorf("%s: OneKey = %v", row.Name, row.OneKey)
		}
	}
}

func BenchmarkKeys(b *testing.B) {
	table := newTable(b, spec("SET", "@key value", 0), spec("DEL", "@key [@key ...]", 0),
		spec("ZUNION", "numkeys:int @key [@key ...]", 0))
	for _, text := range []string{"SET k v", "DEL a b c d", "ZUNION 2 a b"} {
		argv, dst := call(text), make([]int, 0, 8)
		row, _ := table.Lookup(argv)
		b.Run(row.Name, func(b *testing.B) {
			for b.Loop() {
				if at, err := row.Keys(argv, dst); err != nil || len(at) == 0 {
					b.Fatal(err)
				}
			}
		})
	}
}
