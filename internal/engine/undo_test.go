// SPDX-License-Identifier: Apache-2.0

package engine

import "testing"

// TestRefusedCallOfAScriptThatRunsAgain: a script tries in vain to write to a key that is
// watched, and then meets a key on another shard, so that it is undone and runs again. The key
// has not changed.
func TestRefusedCallOfAScriptThatRunsAgain(t *testing.T) {
	s := newStore(t, 8)
	s.want("+OK\r\n+OK\r\n", "SET watched text", "WATCH watched")
	got := s.doWords([]string{"EVAL", `redis.pcall('ZADD', KEYS[1], 1, 'a')
		for i = 1, 50 do redis.call('SET', 'other:' .. i, i) end`, "1", "watched"})
	if got != "$-1\r\n" {
		t.Fatal(got)
	}
	s.want("+OK\r\n+QUEUED\r\n*1\r\n$4\r\ntext\r\n", "MULTI", "GET watched", "EXEC")
}
