// SPDX-License-Identifier: Apache-2.0

package resp_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stampede/internal/resp"
)

func TestAppend(t *testing.T) {
	type proto = resp.Proto
	cases := []struct {
		name        string
		write       func([]byte, proto) []byte
		want, want3 string
	}{
		{"simple", func(d []byte, _ proto) []byte { return resp.AppendSimple(d, "O\r\nK") },
			"+O  K\r\n", ""},
		{"error", func(d []byte, _ proto) []byte { return resp.AppendError(d, "ERR a\r\nb\r\n") },
			"-ERR a  b\r\n", ""},
		{"bulk", func(d []byte, _ proto) []byte { return resp.AppendBulk(d, []byte("a\r\nb")) },
			"$4\r\na\r\nb\r\n", ""},
		{"bulk string", func(d []byte, _ proto) []byte { return resp.AppendBulkString(d, "") },
			"$0\r\n\r\n", ""},
		{"null", resp.AppendNull, "$-1\r\n", "_\r\n"},
		{"null array", resp.AppendNullArray, "*-1\r\n", "_\r\n"},
		{"array", func(d []byte, _ proto) []byte { return resp.AppendArray(d, 12) }, "*12\r\n", ""},
		{"map", func(d []byte, p proto) []byte { return resp.AppendMap(d, 7, p) },
			"*14\r\n", "%7\r\n"},
		{"set", func(d []byte, p proto) []byte { return resp.AppendSet(d, 7, p) },
			"*7\r\n", "~7\r\n"},
		{"push", func(d []byte, p proto) []byte { return resp.AppendPush(d, 3, p) },
			"*3\r\n", ">3\r\n"},
		{"double", func(d []byte, p proto) []byte { return resp.AppendDouble(d, 0.1, p) },
			"$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n"},
		{"infinity", func(d []byte, p proto) []byte { return resp.AppendDouble(d, math.Inf(-1), p) },
			"$4\r\n-inf\r\n", ",-inf\r\n"},
		{"not a number", func(d []byte, p proto) []byte { return resp.AppendDouble(d, math.NaN(), p) },
			"$3\r\nnan\r\n", ",nan\r\n"},
		{"true", func(d []byte, p proto) []byte { return resp.AppendBool(d, true, p) },
			":1\r\n", "#t\r\n"},
		{"false", func(d []byte, p proto) []byte { return resp.AppendBool(d, false, p) },
			":0\r\n", "#f\r\n"},
		{"big number", func(d []byte, p proto) []byte { return resp.AppendBigNumber(d, "123", p) },
			"$3\r\n123\r\n", "(123\r\n"},
		{"verbatim", func(d []byte, p proto) []byte { return resp.AppendVerbatim(d, "txt", "a\nb", p) },
			"$3\r\na\nb\r\n", "=7\r\ntxt:a\nb\r\n"},
		{"command", func(d []byte, _ proto) []byte { return resp.AppendCommand(d, []byte("GET"), nil) },
			"*2\r\n$3\r\nGET\r\n$0\r\n\r\n", ""},
	}
	for _, c := range cases {
		if c.want3 == "" {
			c.want3 = c.want
		}
		if got := c.write([]byte("kept"), resp.RESP2); string(got) != "kept"+c.want {
			t.Errorf("%s in RESP2: got %q, want %q", c.name, got, c.want)
		}
		if got := c.write([]byte("kept"), resp.RESP3); string(got) != "kept"+c.want3 {
			t.Errorf("%s in RESP3: got %q, want %q", c.name, got, c.want3)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, value := range []int64{0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 1001, 12345, -1, -9, -10,
		-999, -1000, math.MaxInt64, math.MinInt64, math.MinInt64 + 1} {
		reply := resp.AppendInt(nil, value)
		got, n, err := resp.NextReply(reply)
		if err != nil || n != len(reply) || got.Int != value || got.Kind != resp.KindInt {
			t.Errorf("%d: %q is read as %+v, %d, %v", value, reply, got, n, err)
		}
	}
	for size := range 1200 {
		value := bytes.Repeat([]byte{'x'}, size)
		reply := resp.AppendBulk(nil, value)
		got, n, err := resp.NextReply(reply)
		if err != nil || n != len(reply) || !bytes.Equal(got.Text, value) {
			t.Errorf("a bulk of %d bytes is read as %+v, %d, %v", size, got, n, err)
		}
	}
}

func TestNextReplyMalformed(t *testing.T) {
	for _, reply := range []string{
		"x\r\n", "\r\n", ":\r\n", ":1a\r\n", ":+1\r\n", "+OK\rx", "$3\r\nabcxx", "$-2\r\n", "$x\r\n",
		"$03\r\nabc\r\n", "*-2\r\n", "%-1\r\n", "=3\r\nabc\r\n", "=4\r\nabcd\r\n", "#x\r\n", "_x\r\n",
		",x\r\n", "$?\r\n", "*99999999999\r\n", "*999999999\r\n*999999999\r\n*999999999\r\n:1\r\n",
		"$18446744073709551617\r\na\r\n", "*2\r\n:1\r\n:x\r\n", "!x\r\n",
		strings.Repeat("*1\r\n", 128) + ":1\r\n", "$1\rx1\r\n",
	} {
		value, n, err := resp.NextReply([]byte(reply))
		var protocol resp.ProtocolError
		if !errors.As(err, &protocol) || n != 0 {
			t.Errorf("%.50q: got %+v, %d, %v", reply, value, n, err)
		}
	}
}

func TestNextReply(t *testing.T) {
	nan := ",nan\r\n"
	if got, _, err := resp.NextReply([]byte(nan)); err != nil || !math.IsNaN(got.Double) {
		t.Errorf("%q: got %+v, %v", nan, got, err)
	}
	deep := strings.Repeat("*1\r\n", resp.ReplyDepthMax-1) + ":1\r\n"
	if _, n, err := resp.NextReply([]byte(deep)); err != nil || n != len(deep) {
		t.Errorf("arrays as deep as allowed: %d, %v", n, err)
	}
	attributed := "|1\r\n+ttl\r\n:5\r\n*2\r\n|1\r\n+a\r\n#t\r\n:1\r\n:2\r\n"
	got, n, err := resp.NextReply([]byte(attributed))
	if err != nil || n != len(attributed) || len(got.Attrs) != 2 || got.Attrs[1].Int != 5 ||
		len(got.Elems) != 2 || !got.Elems[0].Attrs[1].Bool || got.Elems[1].Int != 2 {
		t.Errorf("%q: got %+v, %d, %v", attributed, got, n, err)
	}
	n, kind, err := resp.SkipReply([]byte(attributed))
	if n != len(attributed) || kind != resp.KindArray {
		t.Errorf("%q: skipped %d of kind %c, %v", attributed, n, kind, err)
	}
}

func TestSkipReplyAllocates(t *testing.T) {
	reply := []byte("*3\r\n$3\r\nabc\r\n%1\r\n+a\r\n,1.5\r\n$-1\r\n")
	if got := testing.AllocsPerRun(100, func() {
		if n, _, err := resp.SkipReply(reply); n != len(reply) || err != nil {
			t.Fatal(n, err)
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// appendValue writes what NextReply has read, in RESP3.
func appendValue(dst []byte, v resp.Value) []byte {
	if len(v.Attrs) > 0 {
		dst = resp.AppendMap(dst, len(v.Attrs)/2, resp.RESP3)
		dst[bytes.LastIndexByte(dst, '%')] = byte(resp.KindAttribute)
		for _, attr := range v.Attrs {
			dst = appendValue(dst, attr)
		}
	}
	switch v.Kind {
	case resp.KindSimple:
		return resp.AppendSimple(dst, string(v.Text))
	case resp.KindError:
		return resp.AppendError(dst, string(v.Text))
	case resp.KindInt:
		return resp.AppendInt(dst, v.Int)
	case resp.KindNull:
		return resp.AppendNull(dst, resp.RESP3)
	case resp.KindBool:
		return resp.AppendBool(dst, v.Bool, resp.RESP3)
	case resp.KindDouble:
		return resp.AppendDouble(dst, v.Double, resp.RESP3)
	case resp.KindBigNumber:
		return resp.AppendBigNumber(dst, string(v.Text), resp.RESP3)
	case resp.KindVerbatim:
		return resp.AppendVerbatim(dst, string(v.Ext), string(v.Text), resp.RESP3)
	case resp.KindBulkError:
		start := len(dst)
		dst = resp.AppendBulk(dst, v.Text)
		dst[start] = byte(resp.KindBulkError)
		return dst
	case resp.KindBulk:
		if v.Null {
			return resp.AppendNull(dst, resp.RESP2)
		}
		return resp.AppendBulk(dst, v.Text)
	}
	switch {
	case v.Null:
		return resp.AppendNullArray(dst, resp.RESP2)
	case v.Kind == resp.KindMap:
		dst = resp.AppendMap(dst, len(v.Elems)/2, resp.RESP3)
	case v.Kind == resp.KindSet:
		dst = resp.AppendSet(dst, len(v.Elems), resp.RESP3)
	case v.Kind == resp.KindPush:
		dst = resp.AppendPush(dst, len(v.Elems), resp.RESP3)
	default:
		dst = resp.AppendArray(dst, len(v.Elems))
	}
	for _, elem := range v.Elems {
		dst = appendValue(dst, elem)
	}
	return dst
}

// randomValue returns a reply of any kind.
func randomValue(random *rand.Rand, depth int) resp.Value {
	const scalars = "+-:$_#,(!=$"
	v := resp.Value{Kind: resp.Kind(scalars[random.IntN(len(scalars))])}
	if depth > 0 && random.IntN(2) == 0 {
		v.Kind = resp.Kind("*%~>"[random.IntN(4)])
	}
	text := make([]byte, random.IntN(1+random.IntN(1100)))
	for i := range text {
		text[i] = byte('a' + random.IntN(26))
	}
	switch v.Kind {
	case resp.KindInt:
		v.Int = int64(random.Uint64()) >> random.IntN(64)
	case resp.KindBool:
		v.Bool = random.IntN(2) == 0
	case resp.KindNull:
		v.Null = true
	case resp.KindDouble:
		v.Double = random.NormFloat64() * math.Pow10(random.IntN(600)-300)
		v.Text = resp.FormatDouble(nil, v.Double)
	case resp.KindArray, resp.KindMap, resp.KindSet, resp.KindPush:
		count := random.IntN(6)
		if v.Kind == resp.KindMap {
			count *= 2
		}
		for range count {
			v.Elems = append(v.Elems, randomValue(random, depth-1))
		}
		v.Null = v.Kind == resp.KindArray && count == 0 && random.IntN(2) == 0
	case resp.KindBulk:
		if v.Null = random.IntN(4) == 0; !v.Null {
			v.Text = text
		}
	case resp.KindVerbatim:
		v.Text, v.Ext = text, []byte("mkd")
	default:
		v.Text = text
	}
	if random.IntN(10) == 0 {
		v.Attrs = []resp.Value{randomValue(random, 0), randomValue(random, 0)}
		v.Attrs[0].Attrs, v.Attrs[1].Attrs = nil, nil
	}
	return v
}

func sameValue(a, b resp.Value) bool {
	return a.Kind == b.Kind && a.Null == b.Null && a.Bool == b.Bool && a.Int == b.Int &&
		a.Double == b.Double && bytes.Equal(a.Text, b.Text) && bytes.Equal(a.Ext, b.Ext) &&
		slices.EqualFunc(a.Elems, b.Elems, sameValue) && slices.EqualFunc(a.Attrs, b.Attrs, sameValue)
}

func TestReplyRoundTrip(t *testing.T) {
	const seed = 20240505
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 5000 {
		want := randomValue(random, 3)
		reply := appendValue(nil, want)
		got, n, err := resp.NextReply(append(slices.Clip(reply), "+next\r\n"...))
		if err != nil || n != len(reply) || !sameValue(got, want) {
			t.Fatalf("%q is read as %+v, %d, %v", reply, got, n, err)
		}
		short := reply[:random.IntN(len(reply))]
		if _, n, err := resp.NextReply(slices.Clip(short)); n != 0 || err != nil {
			t.Fatalf("%q: half a reply gives %d, %v", short, n, err)
		}
	}
}

func FuzzNextReply(f *testing.F) {
	f.Add([]byte("*3\r\n$3\r\nabc\r\n%1\r\n+a\r\n,1.5\r\n$-1\r\n"))
	f.Add([]byte("|1\r\n+ttl\r\n:5\r\n=5\r\ntxt:a\r\n"))
	f.Add([]byte("~2\r\n#t\r\n_\r\n"))
	f.Add([]byte(">2\r\n(123\r\n!3\r\nERR\r\n"))
	f.Fuzz(func(t *testing.T, reply []byte) {
		skipped, kind, skipErr := resp.SkipReply(slices.Clip(reply))
		value, n, err := resp.NextReply(reply)
		if err != nil || n == 0 {
			if n != 0 || (skipErr == nil && skipped == 0) != (err == nil) {
				t.Fatalf("read %d %v, skipped %d %v", n, err, skipped, skipErr)
			}
			return
		}
		if n != skipped || kind != value.Kind || n > len(reply) {
			t.Fatalf("read %d of kind %c, skipped %d of kind %c", n, value.Kind, skipped, kind)
		}
		if hasNaN(value) {
			return
		}
		again := appendValue(nil, value)
		got, _, err := resp.NextReply(again)
		if err != nil || !bytes.Equal(appendValue(nil, got), again) {
			t.Fatalf("written again as %q: %v", again, err)
		}
	})
}

// hasNaN tells whether v holds what does not equal itself.
func hasNaN(v resp.Value) bool {
	return math.IsNaN(v.Double) || slices.ContainsFunc(v.Elems, hasNaN) ||
		slices.ContainsFunc(v.Attrs, hasNaN)
}

func FuzzParseDouble(f *testing.F) {
	for _, text := range doubleTexts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		value, ok := resp.ParseDouble(text)
		if !ok {
			return
		}
		written := resp.FormatDouble(nil, value)
		if again, ok := resp.ParseDouble(written); !ok || again != value {
			t.Fatalf("%q is %g, written %q, is %g", text, value, written, again)
		}
	})
}

func BenchmarkAppendBulk64(b *testing.B) {
	dst, value := make([]byte, 0, 256), bytes.Repeat([]byte{'v'}, 64)
	for b.Loop() {
		dst = resp.AppendBulk(dst[:0], value)
	}
}

func BenchmarkAppendInt(b *testing.B) {
	dst := make([]byte, 0, 256)
	for b.Loop() {
		dst = resp.AppendInt(dst[:0], 421)
	}
}

func BenchmarkAppendInt7Digits(b *testing.B) {
	dst := make([]byte, 0, 256)
	for b.Loop() {
		dst = resp.AppendInt(dst[:0], 4211234)
	}
}

func BenchmarkSkipReplyBulk64(b *testing.B) {
	reply := resp.AppendBulk(nil, bytes.Repeat([]byte{'v'}, 64))
	for b.Loop() {
		if n, _, err := resp.SkipReply(reply); n == 0 || err != nil {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkFormatDouble(b *testing.B) {
	dst := make([]byte, 0, 64)
	for b.Loop() {
		dst = resp.FormatDouble(dst[:0], 1234.567)
	}
}

func BenchmarkParseDouble(b *testing.B) {
	text := []byte("1234.567")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := resp.ParseDouble(text); !ok {
			b.Fatal("not a number")
		}
	}
}
