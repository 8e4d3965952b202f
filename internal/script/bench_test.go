// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"
	"testing"

	"stampede/internal/reply"
	"stampede/internal/resp"
)

// inventoryScript is the flash sale of the recipes.
const inventoryScript = `
local quantity = tonumber(ARGV[1])
if quantity <= 0 then return nil end
local sold = redis.call("HMGET", KEYS[1], "inventory", "purchased")
local inventory = tonumber(sold[1])
local purchased = tonumber(sold[2])
if purchased + quantity <= inventory then
  redis.call("HINCRBY", KEYS[1], "purchased", quantity)
  return quantity
end
return nil`

// cannedHost answers at once, so that the machine alone is measured.
type cannedHost struct{ n int64 }

func (h *cannedHost) ReadOnly()     {}
func (h *cannedHost) AllowOOM()     {}
func (h *cannedHost) Separate()     {}
func (h *cannedHost) HasRoom() bool { return true }
func (h *cannedHost) Wrote() bool   { return false }
func (h *cannedHost) Pause() error  { return nil }

func (h *cannedHost) Call(argv [][]byte, out *reply.Buffer) {
	if len(argv[0]) == 5 {
		out.Array(2)
		out.Text("1000000000")
		out.IntText(h.n)
		return
	}
	h.n++
	out.Int(h.n)
}

func BenchmarkInventory(b *testing.B) {
	benchmark(b, inventoryScript, []string{"item_on_sale:1"}, "1")
}

func BenchmarkReleaseLock(b *testing.B) {
	benchmark(b, `if redis.call("GET",KEYS[1]) == ARGV[1] then redis.call("DEL",KEYS[1]) end
return nil`, []string{"item_lock:1"}, "user-1")
}

func BenchmarkNothing(b *testing.B) { benchmark(b, "return 1", nil) }

func BenchmarkLoop1000(b *testing.B) {
	benchmark(b, "local s=0 for i=1,1000 do s=s+i%7 end return s", nil)
}

func BenchmarkConcat(b *testing.B) {
	benchmark(b, "return 'stock:'..ARGV[1]..':'..12", nil, "7")
}

func benchmark(b *testing.B, source string, keys []string, args ...string) {
	l := NewLibrary(Options{})
	s, err := l.Load([]byte(source))
	if err != nil {
		b.Fatal(err)
	}
	in := Input{Host: &cannedHost{}, Keys: bytesOf(keys), Args: bytesOf(args)}
	out := reply.Buffer{Proto: resp.RESP2}
	l.Run(s, in, &out) // makes the machine
	b.ReportAllocs()
	for b.Loop() {
		out.B = out.B[:0]
		l.Run(s, in, &out)
	}
	if strings.HasPrefix(string(out.B), "-") {
		b.Fatalf("%q", out.B)
	}
}
