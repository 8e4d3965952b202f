// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"stampede/internal/container/listpack"
	"stampede/internal/rdb"
)

// describeTimed reads a dump of a hash whose fields may have deadlines.
func describeTimed(value []byte) (string, error) {
	r := rdb.NewReader(nil, rdb.Options{})
	if _, err := r.Dump(rdb.AppendDumpEnd(value, 0)); err != nil {
		return "", err
	}
	var lines []string
	for {
		field, value, err := r.Pair()
		if err == io.EOF {
			return strings.Join(lines, "; "), nil
		}
		if err != nil {
			return "", err
		}
		lines = append(lines, fmt.Sprintf("%s=%s until %d", field, value, r.FieldDeadlineMs()))
	}
}

func wantTimed(t *testing.T, value []byte, want string) {
	t.Helper()
	got, err := describeTimed(value)
	if err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// TestFieldDeadlines reads hashes as Redis 7.4 writes them.
func TestFieldDeadlines(t *testing.T) {
	value := rdb.AppendTimedHeader([]byte{byte(rdb.TypeHashTTL)}, 1e12, 3)
	value = rdb.AppendTimedPair(value, []byte("a"), []byte("1"), 1e12, 1e12)
	value = rdb.AppendTimedPair(value, []byte("b"), []byte("2"), 0, 1e12)
	value = rdb.AppendTimedPair(value, []byte("c"), []byte("x"), 1e12+5e9, 1e12)
	wantTimed(t, value, "a=1 until 1000000000000; b=2 until 0; c=x until 1005000000000")

	pack := listpack.New(make([]byte, listpack.EmptyBytes, 256))
	pack = pack.Append([]byte("a")).Append([]byte("1")).AppendInt(1e12)
	pack = pack.Append([]byte("7")).Append([]byte("y")).AppendInt(0)
	packed := rdb.AppendText(binary.LittleEndian.AppendUint64([]byte{25}, 1e12), pack)
	wantTimed(t, packed, "a=1 until 1000000000000; 7=y until 0")

	short := listpack.New(make([]byte, listpack.EmptyBytes, 256))
	short = short.Append([]byte("a")).Append([]byte("1"))
	negative := listpack.Pack(append(make([]byte, 0, 256), short...)).AppendInt(-1)
	for name, value := range map[string][]byte{
		"too late":   rdb.AppendTimedHeader([]byte{byte(rdb.TypeHashTTL)}, 1<<50, 0),
		"no time":    append(rdb.AppendTimedHeader([]byte{24}, 0, 1), 1, 1, 'f', 1, 'v'),
		"two thirds": rdb.AppendText(binary.LittleEndian.AppendUint64([]byte{25}, 0), short),
		"negative":   rdb.AppendText(binary.LittleEndian.AppendUint64([]byte{25}, 0), negative),
	} {
		if got, err := describeTimed(value); !errors.Is(err, rdb.ErrMalformed) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
