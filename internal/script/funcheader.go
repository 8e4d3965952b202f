// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"

	"stampede/internal/reply"
	"stampede/internal/resp"
)

const (
	errNoMetadata  reply.Error = "ERR Missing library metadata"
	errBadMetadata reply.Error = "ERR Invalid library metadata"
	errNoName      reply.Error = "ERR Library name was not given"
	errTwoNames    reply.Error = "ERR Invalid metadata value, name argument was given multiple times"

	// errFunctionName is also what names of functions that cannot be are answered with.
	errFunctionName reply.Error = "ERR Library names can only contain letters, numbers, or " +
		"underscores(_) and must be at least one character long"
)

// libraryName reads the first line of the code of a library, "#!lua name=mylib", and gives the
// name in it.
func libraryName(code string) (name string, err error) {
	if !strings.HasPrefix(code, "#!") {
		return "", errNoMetadata
	}
	line, _, found := strings.Cut(code, "\n")
	if !found || strings.IndexByte(line, 0) >= 0 {
		return "", errBadMetadata
	}
	words, ok := resp.SplitWords([]byte(line), nil)
	if !ok {
		return "", errBadMetadata
	}
	named := false
	for _, word := range words[1:] {
		const key = "name="
		value := string(word)
		if len(value) < len(key) || !strings.EqualFold(value[:len(key)], key) {
			return "", reply.Error("ERR Invalid metadata value given: " + cText(value))
		}
		if named {
			return "", errTwoNames
		}
		name, named = value[len(key):], true
	}
	switch engine := string(words[0][len("#!"):]); {
	case !named:
		return "", errNoName
	case !isFunctionName(name):
		return "", errFunctionName
	case !strings.EqualFold(engine, "lua"):
		return "", reply.Error("ERR Engine '" + cText(engine) + "' not found")
	}
	return name, nil
}

// isFunctionName tells whether a library or a function may have this name.
func isFunctionName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
		default:
			return false
		}
	}
	return name != ""
}

// codeText is the code of a library as it is compiled: its first line is left empty, so that the
// numbers of lines are right.
func codeText(code string) string { return code[strings.IndexByte(code, '\n'):] }
