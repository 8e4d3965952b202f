// SPDX-License-Identifier: Apache-2.0

package commandtest

import (
	"maps"
	"slices"
	"strings"

	"stampede/internal/command"
)

// Specs are rows for the commands of Redis 7.0, written from the recording as a person
// would write them, irregular ones left out. Their handlers do nothing: they are for tests
// of what follows from rows.
func Specs() ([]command.Spec, error) {
	redis, err := Redis70()
	if err != nil {
		return nil, err
	}
	var specs []command.Spec
	for _, name := range slices.Sorted(maps.Keys(redis)) {
		f := redis[name]
		if !strings.HasSuffix(name, "|HELP") && !slices.Contains(strings.Fields(irregular), name) {
			specs = append(specs, specOf(&f, redis))
		}
	}
	return specs, nil
}

// irregular rows need more than a synopsis: key specifications by hand (MIGRATE and SORT),
// two STORE in one choice (GEORADIUS), channels that route like keys, a flag for clusters
// only; and COMMAND GETKEYS has no arguments in Redis.
const irregular = "MIGRATE SORT SORT_RO GEORADIUS GEORADIUSBYMEMBER SPUBLISH SSUBSCRIBE " +
	"SUNSUBSCRIBE RESTORE-ASKING COMMAND|GETKEYS COMMAND|GETKEYSANDFLAGS"

// byHistory are the rows whose arity does not follow from their arguments.
const byHistory = "BITFIELD CLIENT|KILL GEOHASH GEOPOS PFMERGE PSYNC"

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
	if len(f.Args) == 0 || slices.Contains(strings.Fields(byHistory), f.Name) {
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
