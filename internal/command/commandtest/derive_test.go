// SPDX-License-Identifier: Apache-2.0

package commandtest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"stampede/internal/command"
)

// TestRedisFollowsFromItsSynopses writes a row for every command of Redis with no more
// than a person would write, and compares all that is derived with what Redis says.
func TestRedisFollowsFromItsSynopses(t *testing.T) {
	redis, err := Redis70()
	if err != nil {
		t.Fatal(err)
	}
	var specs []command.Spec
	for _, name := range slices.Sorted(maps.Keys(redis)) {
		f := redis[name]
		if !strings.HasSuffix(name, "|HELP") && !irregular[name] {
			specs = append(specs, specOf(&f, redis))
		}
	}
	table, err := command.NewTable(specs)
	if err != nil {
		t.Fatal(err)
	}
	Check(t, table, append(Exceptions(), asking()...))
}

// irregular rows need more than a synopsis; those that we have are compared as they are.
var irregular = map[string]bool{
	"MIGRATE": true, "SORT": true, "SORT_RO": true, // key specifications by hand
	"GEORADIUS": true, "GEORADIUSBYMEMBER": true, // two STORE in one choice
	"SPUBLISH": true, "SSUBSCRIBE": true, "SUNSUBSCRIBE": true, // channels that route like keys
	"COMMAND|GETKEYS": true, "COMMAND|GETKEYSANDFLAGS": true, // no tree in Redis
}

// byHistory are the rows whose arity does not follow from their arguments.
var byHistory = map[string]bool{
	"BITFIELD": true, "CLIENT|KILL": true, "GEOHASH": true, "GEOPOS": true, "PFMERGE": true,
	"PSYNC": true,
}

// asking is a flag that we have not, because only a cluster needs it.
func asking() []Exception {
	const why = "the flag asking"
	return []Exception{{"ASKING", "flags", why}, {"RESTORE-ASKING", "flags", why}}
}

// specOf writes the row of a command.
func specOf(f *Facts, redis map[string]Facts) command.Spec {
	spec := command.Spec{
		Name: f.Name, Args: synopsis(f.Args), Summary: "Does.", Group: command.Group(f.Group),
		Since: f.Since, Cost: "O(1)", Tips: strings.Join(f.Tips, " "), Deprecated: f.Deprecated,
	}
	for bit := command.Flags(1); bit <= command.MovableKeys; bit <<= 1 {
		if bit != command.MovableKeys && slices.Contains(f.Flags, bit.Names()[0]) {
			spec.Flags |= bit
		}
	}
	if _, isContainer := redis[f.Name+"|HELP"]; !isContainer || f.Name == "COMMAND" {
		spec.Do = command.Local(func(*command.Call) {})
		spec.ACL = strings.ReplaceAll(strings.Join(f.ACL, " "), "@", "")
	}
	var uses []string
	for _, text := range f.Specs {
		use, _, _ := strings.Cut(text, ";")
		uses = append(uses, use)
	}
	spec.KeyUse = strings.Join(uses, "; ")
	if len(f.Args) == 0 || byHistory[f.Name] {
		spec.ArityAs = f.Arity
	}
	return spec
}

// synopsis writes arguments as a person would.
func synopsis(args []Arg) string {
	words := make([]string, len(args))
	for i := range args {
		words[i] = element(&args[i])
	}
	return strings.Join(words, " ")
}

func element(a *Arg) string {
	has := func(flag string) bool { return slices.Contains(strings.Fields(a.Flags), flag) }
	text, token := core(a), a.Token
	if a.Type == "pure-token" {
		text, token = a.Token, ""
	}
	if a.Type == "oneof" && (!has("optional") || token != "" || has("multiple")) {
		text = "<" + text + ">"
	}
	if has("multiple_token") {
		text, token = token+" "+text, ""
	}
	if has("multiple") {
		text += " [" + text + " ...]"
	}
	if token != "" {
		text = token + " " + text
	}
	if has("optional") {
		text = "[" + text + "]"
	}
	return text
}

// core is an argument without its token and what its flags say.
func core(a *Arg) string {
	switch a.Type {
	case "key":
		return "@" + a.Name
	case "oneof":
		branches := make([]string, len(a.Args))
		for i := range a.Args {
			branches[i] = element(&a.Args[i])
		}
		return strings.Join(branches, " | ")
	case "block":
		return synopsis(a.Args)
	case "string":
		if strings.Contains(a.Name, ":") {
			return a.Name + ":string"
		}
		return a.Name
	case "integer":
		return a.Name + ":int"
	}
	return a.Name + ":" + a.Type
}
