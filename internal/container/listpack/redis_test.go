// SPDX-License-Identifier: Apache-2.0

package listpack

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc64"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// The types of values in a dump that are one listpack.
const (
	dumpHash      = 16
	dumpSortedSet = 17
)

// TestRedis lets the real server pack elements, and packs them here: the bytes must be the
// same. It also gives ours to the server, which checks them thoroughly.
func TestRedis(t *testing.T) {
	client := startRedis(t)
	ctx := context.Background()
	list := borders()
	for i := range list {
		list[i] = clip(list[i])
	}
	for i, s := range list {
		fields := map[string]bool{}
		w := newTwin(t)
		for _, field := range []string{"f", s, list[(i+7)%len(list)], "200"} {
			if fields[field] {
				continue
			}
			fields[field] = true
			value := list[(i+len(fields))%len(list)]
			if err := client.HSet(ctx, "hash", field, value).Err(); err != nil {
				t.Fatal(err)
			}
			w.insert(len(w.elements), field)
			w.insert(len(w.elements), value)
			dump, err := client.Dump(ctx, "hash").Bytes()
			if err != nil {
				t.Fatal(err)
			}
			comparePack(t, dump, dumpHash, w)
		}
		deleteField(t, client, w, "f")
		client.Del(ctx, "hash")
	}
}

// TestRedisSortedSet does it with scores, which are integers or text.
func TestRedisSortedSet(t *testing.T) {
	client := startRedis(t)
	ctx := context.Background()
	w := newTwin(t)
	for i, score := range []string{"-4097", "-0.5", "0", "1.5", "127", "128", "4096", "1e+100"} {
		member := string(rune('a' + i))
		if err := client.Do(ctx, "ZADD", "zset", score, member).Err(); err != nil {
			t.Fatal(err)
		}
		w.insert(len(w.elements), member)
		w.insert(len(w.elements), score)
		dump, err := client.Dump(ctx, "zset").Bytes()
		if err != nil {
			t.Fatal(err)
		}
		comparePack(t, dump, dumpSortedSet, w)
	}
	payload := append(appendLength([]byte{dumpSortedSet}, len(w.pack)), w.pack...)
	payload = append(payload, 10, 0)
	payload = binary.LittleEndian.AppendUint64(payload, checksum(payload))
	if err := client.Restore(ctx, "copy", 0, string(payload)).Err(); err != nil {
		t.Fatal(err)
	}
	if got := client.ZScore(ctx, "copy", "d").Val(); got != 1.5 {
		t.Errorf("score of d after RESTORE: %v", got)
	}
}

// deleteField takes a field and its value out on both sides.
func deleteField(t *testing.T, client *redis.Client, w *twin, field string) {
	ctx := context.Background()
	if err := client.HDel(ctx, "hash", field).Err(); err != nil {
		t.Fatal(err)
	}
	if client.Exists(ctx, "hash").Val() == 0 {
		return
	}
	w.pack = w.pack.Delete(w.pack.Find(w.pack.First(), 1, []byte(field)), 2)
	dump, err := client.Dump(ctx, "hash").Bytes()
	if err != nil {
		t.Fatal(err)
	}
	comparePack(t, dump, dumpHash, w)
}

// comparePack takes the pack out of a dump (type, length, pack, two bytes of version and
// eight of checksum) and compares it with ours.
func comparePack(t *testing.T, dump []byte, kind byte, w *twin) {
	t.Helper()
	const footerBytes = 10
	if dump[0] != kind {
		t.Fatalf("a dump of type %d, want %d", dump[0], kind)
	}
	prefix := appendLength(nil, len(w.pack))
	got := dump[1 : len(dump)-footerBytes]
	if !bytes.HasPrefix(got, prefix) || !bytes.Equal(got[len(prefix):], w.pack) {
		t.Fatalf("%.30q\nredis %.200x\nours  %.200x", w.elements, got, []byte(w.pack))
	}
	if err := Check(got[len(prefix):]); err != nil {
		t.Fatal(err)
	}
}

// appendLength adds a length as dumps have it: 6, 14 or 32 bits.
func appendLength(dst []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(dst, byte(n))
	case n < 1<<14:
		return append(dst, 0x40|byte(n>>8), byte(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, 0x80), uint32(n))
}

// checksum is the CRC-64 of dumps: Jones' polynomial, neither begun nor ended with ones.
func checksum(b []byte) uint64 {
	const jones = 0x95AC9329AC4BC9B5
	return ^crc64.Update(^uint64(0), crc64.MakeTable(jones), b)
}

// clip makes long elements distinct from each other.
func clip(s string) string {
	if len(s) > 60 {
		return s[:len(s)-1] + string(rune('a'+len(s)%26))
	}
	return s
}

// startRedis starts a server without compression of dumps, if there is one on the path.
func startRedis(t *testing.T) *redis.Client {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on the path")
	}
	socket := filepath.Join(t.TempDir(), "redis.sock")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	server := exec.CommandContext(ctx, path, "--port", "0", "--unixsocket", socket,
		"--save", "", "--appendonly", "no", "--rdbcompression", "no",
		"--sanitize-dump-payload", "yes",
		"--hash-max-listpack-value", "1000000", "--hash-max-listpack-entries", "1000")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	})
	t.Cleanup(func() {
		client.Close()
		cancel()
		_ = server.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if bytes.Contains(lines.Bytes(), []byte("ready to accept connections")) {
			go func() {
				for lines.Scan() {
				}
			}()
			return client
		}
	}
	t.Fatal("redis-server did not start")
	return nil
}
