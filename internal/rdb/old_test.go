// SPDX-License-Identifier: Apache-2.0

package rdb_test

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/rdb"
)

// ziplist packs elements as Redis before 7.0 did. wide has integers written in 64 bits and
// strings with a length of 32 bits, whatever they are.
func ziplist(wide bool, elements ...string) []byte {
	b := make([]byte, 10)
	before, last := 0, 10
	for _, e := range elements {
		last = len(b)
		if before < 254 {
			b = append(b, byte(before))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(before))
		}
		b = appendZiplistData(b, e, wide)
		before = len(b) - last
	}
	b = append(b, 255)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], uint32(last))
	binary.LittleEndian.PutUint16(b[8:], uint16(min(len(elements), 65535)))
	return b
}

func appendZiplistData(b []byte, e string, wide bool) []byte {
	n, err := strconv.ParseInt(e, 10, 64)
	if err == nil && strconv.FormatInt(n, 10) == e {
		switch {
		case wide:
		case n >= 0 && n <= 12:
			return append(b, 0xF1+byte(n))
		case n == int64(int8(n)):
			return append(b, 0xFE, byte(n))
		case n == int64(int16(n)):
			return binary.LittleEndian.AppendUint16(append(b, 0xC0), uint16(n))
		case n >= -1<<23 && n < 1<<23:
			return append(b, 0xF0, byte(n), byte(n>>8), byte(n>>16))
		case n == int64(int32(n)):
			return binary.LittleEndian.AppendUint32(append(b, 0xD0), uint32(n))
		}
		return binary.LittleEndian.AppendUint64(append(b, 0xE0), uint64(n))
	}
	switch {
	case len(e) < 1<<6 && !wide:
		b = append(b, byte(len(e)))
	case len(e) < 1<<14 && !wide:
		b = append(b, 0x40|byte(len(e)>>8), byte(len(e)))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0x80), uint32(len(e)))
	}
	return append(b, e...)
}

// zipmap packs pairs as Redis before 2.6 did; free bytes stand behind each value.
func zipmap(free int, pairs ...string) []byte {
	b := []byte{byte(min(len(pairs)/2, 254))}
	for i, s := range pairs {
		if len(s) < 254 {
			b = append(b, byte(len(s)))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(len(s)))
		}
		if i%2 == 0 {
			b = append(b, s...)
			continue
		}
		b = append(append(b, byte(free)), s...)
		b = append(b, strings.Repeat("?", free)...)
	}
	return append(b, 255)
}

// textScores is the body of a sorted set as Redis before 4.0 wrote it.
func textScores(scores ...float64) []byte {
	b := rdb.AppendLen(nil, len(scores))
	for i, score := range scores {
		b = rdb.AppendString(b, []byte("member"+strconv.Itoa(i)))
		switch text := strconv.FormatFloat(score, 'g', 17, 64); {
		case math.IsInf(score, 1):
			b = append(b, 254)
		case math.IsInf(score, -1):
			b = append(b, 255)
		default:
			b = append(append(b, byte(len(text))), text...)
		}
	}
	return b
}

// old are values in encodings that nobody writes any more, of these elements.
func old(all []string) map[string][]byte {
	few := []string{
		"f", "v", "other", "12", "13", "-1", strings.Repeat("n", 300), "-129", "32768", "1",
	}
	var pairs, scored []string
	for i, s := range all {
		pairs = append(pairs, s, all[(i+1)%len(all)])
		scored = append(scored, s, strconv.Itoa(i*i*i*i*i-70))
	}
	text := func(t rdb.Type, b []byte) []byte { return rdb.AppendText([]byte{byte(t)}, b) }
	quick := rdb.AppendLen([]byte{byte(rdb.TypeListQuick)}, 3)
	for _, wide := range []bool{false, true, false} {
		quick = rdb.AppendText(quick, ziplist(wide, all...))
	}
	values := map[string][]byte{
		"quicklist": quick,
		"set list":  rdb.AppendString(rdb.AppendLen([]byte{byte(rdb.TypeSet)}, 1), []byte("m")),
		"text score": append([]byte{byte(rdb.TypeZSetText)},
			textScores(1.5, -3, math.Inf(1), math.Inf(-1), 0.1, 1e300)...),
		"zset": text(rdb.TypeZSetZiplist,
			ziplist(false, "a", "-inf", "b", "-1.5", "c", "3", "d", "400", "e", "inf")),
	}
	for i, wide := range []bool{false, true} {
		n := strconv.Itoa(i)
		values["list"+n] = text(rdb.TypeListZiplist, ziplist(wide, all...))
		values["few"+n] = text(rdb.TypeListZiplist, ziplist(wide, few...))
		values["hash"+n] = text(rdb.TypeHashZiplist, ziplist(wide, pairs...))
		values["scored"+n] = text(rdb.TypeZSetZiplist, ziplist(wide, scored...))
		values["zipmap"+n] = text(rdb.TypeHashZipmap, zipmap(3*i, few...))
		values["big zipmap"+n] = text(rdb.TypeHashZipmap, zipmap(4*i, pairs...))
	}
	return values
}

// TestOldEncodings lets the real server load them too.
func TestOldEncodings(t *testing.T) {
	s, _ := start(t, "--sanitize-dump-payload", "yes")
	r := rdb.NewReader(nil, rdb.Options{})
	for name, value := range old(borders()) {
		payload := rdb.AppendDumpEnd(value, 0)
		if err := rdb.CheckDump(payload); err != nil {
			t.Fatal(err)
		}
		item, err := r.Dump(payload)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := describeValue(r, item)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if v, err := s.conn.Do("RESTORE", name, "0", string(payload)); err != nil || v.IsError() {
			t.Errorf("%s: redis-server: %s %v", name, v.Text, err)
			continue
		}
		if want := s.describe(name); got != want {
			t.Errorf("%s:\n%.2000s\nwant\n%.2000s", name, got, want)
		}
	}
}

// TestOldStream is a stream as Redis 5 and 6 wrote it. What a group has read of it is not
// known; the server makes it up.
func TestOldStream(t *testing.T) {
	id := func(b []byte, ms, seq int) []byte { return rdb.AppendLen(rdb.AppendLen(b, ms), seq) }
	v := rdb.AppendLen([]byte{byte(rdb.TypeStream1)}, 1)
	v = rdb.AppendStreamNode(v, rdb.StreamID{Ms: 5, Seq: 5},
		packOf("2", "1", "1", "a", "0",
			"2", "0", "0", "1", "4",
			"3", "1", "-1", "gone", "4",
			"0", "2", "-5", "1", "b", "-70000", "6"))
	v = id(rdb.AppendLen(v, 2), 9, 0)
	v = rdb.AppendLen(v, 1)
	v = id(rdb.AppendText(v, []byte("g")), 7, 0)
	v = rdb.AppendLen(v, 1)
	v = rdb.AppendStreamPending(v, rdb.StreamPending{
		ID: rdb.StreamID{Ms: 5, Seq: 5}, DeliveredMs: 1600000000000, Deliveries: 2,
	})
	v = rdb.AppendLen(v, 1)
	v = rdb.AppendStreamConsumer(v, rdb.StreamConsumer{Name: []byte("bob"), SeenMs: 1600000000001}, 1)
	v = rdb.AppendStreamOwned(v, rdb.StreamID{Ms: 5, Seq: 5})

	payload := rdb.AppendDumpEnd(v, 0)
	r := rdb.NewReader(nil, rdb.Options{})
	item, err := r.Dump(payload)
	if err != nil {
		t.Fatal(err)
	}
	got, err := describeValue(r, item)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := start(t, "--sanitize-dump-payload", "yes")
	s.do("RESTORE", "stream", "0", string(payload))
	want := strings.Replace(s.describe("stream"), `"g" last 7-0 read 2`, `"g" last 7-0 read -1`, 1)
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
