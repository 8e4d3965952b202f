// SPDX-License-Identifier: Apache-2.0

package lualib

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	lua "github.com/yuin/gopher-lua"
)

// harness follows a first line "local function case() … end". It turns what case returns, or the
// error it raises, into a text that says everything of it.
const harness = `
local function text(s)
  return '"' .. string.gsub(s, '[^%w%p ]', function(c) return '\\' .. string.byte(c) end) .. '"'
end
local function show(v)
  local kind = type(v)
  if kind == 'string' then return text(v) end
  if kind == 'number' then
    if v ~= v then return 'NaN' end
    if v == 1/0 then return 'inf' end
    if v == -1/0 then return '-inf' end
    return string.format('%.17g', v)
  end
  if kind ~= 'table' then
    if kind == 'function' then return kind end
    return tostring(v)
  end
  local entries = {}
  for k, e in pairs(v) do entries[#entries + 1] = show(k) .. '=' .. show(e) end
  table.sort(entries)
  return '{' .. table.concat(entries, ',') .. '}'
end
local function all(...)
  local shown = {}
  for i = 1, select('#', ...) do shown[i] = show((select(i, ...))) end
  return table.concat(shown, ' ')
end
return all(pcall(case))`

func wrap(body string) string { return "local function case() " + body + " end" + harness }

// limitArrays lets far indices be hashed, as package script does.
var limitArrays = sync.OnceFunc(func() { lua.MaxArrayIndex = 1 << 22 })

// newState is a state with nothing but the basic libraries and ours.
func newState(t testing.TB) *lua.LState {
	t.Helper()
	limitArrays()
	L := lua.NewState(lua.Options{
		SkipOpenLibs: true, RegistrySize: 1 << 10, RegistryMaxSize: 1 << 20, RegistryGrowStep: 1 << 10,
	})
	t.Cleanup(L.Close)
	for _, open := range []lua.LGFunction{
		lua.OpenBase, lua.OpenTable, lua.OpenString, lua.OpenMath,
	} {
		open(L)
	}
	L.SetTop(0)
	L.SetGlobal("cjson", OpenCJSON(L))
	L.SetGlobal("cmsgpack", OpenCMsgpack(L))
	L.SetGlobal("bit", OpenBit(L))
	L.SetGlobal("struct", OpenStruct(L))
	return L
}

// eval runs a body in L and returns all it says.
func eval(t testing.TB, L *lua.LState, body string) string {
	t.Helper()
	chunk, err := L.Load(strings.NewReader(wrap(body)), "user_script")
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	L.Push(chunk)
	if err := L.PCall(0, 1, nil); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	defer L.Pop(1)
	return L.Get(-1).String()
}

// startRedis starts a redis-server of the version we compare with, or skips the test.
func startRedis(t *testing.T) *redis.Client {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server to compare with")
	}
	if version, _ := exec.Command(path, "--version").Output(); !strings.Contains(
		string(version), "v=7.0.") {
		t.Skipf("not the redis-server to compare with: %s", version)
	}
	socket := filepath.Join(t.TempDir(), "redis")
	server := exec.Command(path, "--port", "0", "--unixsocket", socket, "--save", "",
		"--appendonly", "no", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	client := redis.NewClient(&redis.Options{
		Network: "unix", Addr: socket, MaxRetries: 60,
		MinRetryBackoff: 20 * time.Millisecond, MaxRetryBackoff: 100 * time.Millisecond,
	})
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Ping(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	return client
}

// evalRedis is eval on redis-server.
func evalRedis(t *testing.T, client *redis.Client, body string) string {
	t.Helper()
	got, err := client.Eval(context.Background(), wrap(body), nil).Text()
	if err != nil {
		return fmt.Sprintf("error of Redis: %v", err)
	}
	return got
}
