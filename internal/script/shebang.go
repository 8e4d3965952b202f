// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"

	"stampede/internal/reply"
)

// declared reads the flags in the first line of a script: "#!lua flags=no-writes,allow-oom" as
// Redis has it, "--!df flags=disable-atomicity" as Dragonfly.
func declared(source string) (Flags, error) {
	if rest, ok := strings.CutPrefix(source, "--!df "); ok {
		line, _, _ := strings.Cut(rest, "\n")
		return dragonflyFlags(line)
	}
	if !strings.HasPrefix(source, "#!") {
		return 0, nil
	}
	line, _, found := strings.Cut(source, "\n")
	if !found {
		return 0, reply.Error("ERR Invalid script shebang")
	}
	words := strings.Fields(line)
	if words[0] != "#!lua" {
		return 0, reply.Error("ERR Unexpected engine in script shebang: " + words[0])
	}
	flags := Declared
	for _, word := range words[1:] {
		list, ok := strings.CutPrefix(word, "flags=")
		if !ok {
			return 0, reply.Error("ERR Unknown lua shebang option: " + word)
		}
		for name := range strings.SplitSeq(list, ",") {
			flag := FlagNamed(name)
			if flag == 0 && list != "" || flag >= 1<<redisFlags {
				return 0, reply.Error("ERR Unexpected flag in script shebang: " + name)
			}
			flags |= flag
		}
	}
	return flags, nil
}

// dragonflyFlags reads what stands behind "--!df". The line is a comment of Lua, so it is left
// in the text.
func dragonflyFlags(line string) (flags Flags, err error) {
	list, ok := strings.CutPrefix(strings.TrimSpace(line), "flags=")
	if !ok {
		return 0, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		flag := FlagNamed(strings.TrimSpace(name))
		if flag < 1<<redisFlags {
			return 0, reply.Error("ERR Invalid flag: " + name)
		}
		flags |= flag
	}
	return flags, nil
}
