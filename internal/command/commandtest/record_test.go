// SPDX-License-Identifier: Apache-2.0

package commandtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/conformance"
)

var update = flag.Bool("update", false, "record from the redis-server of the PATH")

// TestRecordingIsOfRedis asks the server and compares.
func TestRecordingIsOfRedis(t *testing.T) {
	got := record(t)
	if *update {
		if err := os.WriteFile("testdata/redis70.jsonl", got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, recorded) {
		t.Error("this redis-server says other things of its commands; is it 7.0.15?")
	}
}

// record asks a server for everything and gives it as lines, sorted by name.
func record(t *testing.T) []byte {
	conn, err := conformance.Dial(conformance.StartRedis(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask := func(args ...string) conformance.Value {
		v, err := conn.Do(args...)
		if err != nil || v.IsError() {
			t.Fatalf("%v: %v %v", args, v, err)
		}
		return v
	}
	ask("HELLO", "3")
	facts := map[string]*Facts{}
	for _, v := range ask("COMMAND").Elems {
		readInfo(facts, v)
	}
	readDocs(facts, ask("COMMAND", "DOCS"))
	var out bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		line, err := json.Marshal(facts[name])
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	return out.Bytes()
}

// readInfo reads one element of COMMAND's reply and its subcommands.
func readInfo(facts map[string]*Facts, v conformance.Value) {
	f := &Facts{
		Name:  strings.ToUpper(v.Elems[0].Text),
		Arity: number(v.Elems[1]),
		Flags: texts(v.Elems[2]),
		Keys:  [3]int{number(v.Elems[3]), number(v.Elems[4]), number(v.Elems[5])},
		ACL:   texts(v.Elems[6]),
		Tips:  texts(v.Elems[7]),
	}
	for _, spec := range v.Elems[8].Elems {
		begin, find := field(spec, "begin_search"), field(spec, "find_keys")
		f.Specs = append(f.Specs, strings.Join(texts(field(spec, "flags")), " ")+
			"; begin "+method(begin)+"; find "+method(find))
	}
	facts[f.Name] = f
	for _, sub := range v.Elems[9].Elems {
		readInfo(facts, sub)
	}
}

// method renders how a key specification searches, as [specText] does.
func method(v conformance.Value) string {
	words := []string{field(v, "type").Text}
	for _, e := range field(v, "spec").Elems {
		words = append(words, e.Text)
	}
	return strings.Join(words, " ")
}

// readDocs reads the reply of COMMAND DOCS, or its part about subcommands.
func readDocs(facts map[string]*Facts, v conformance.Value) {
	for i := 0; i < len(v.Elems); i += 2 {
		f, doc := facts[strings.ToUpper(v.Elems[i].Text)], v.Elems[i+1]
		f.Group, f.Since = field(doc, "group").Text, field(doc, "since").Text
		f.Deprecated = field(doc, "deprecated_since").Text
		f.Args = readArgs(field(doc, "arguments"))
		readDocs(facts, field(doc, "subcommands"))
	}
}

func readArgs(v conformance.Value) (args []Arg) {
	for _, e := range v.Elems {
		arg := Arg{
			Type:  field(e, "type").Text,
			Token: field(e, "token").Text,
			Flags: strings.Join(texts(field(e, "flags")), " "),
			Spec:  -1,
			Args:  readArgs(field(e, "arguments")),
		}
		if arg.Type != "block" && arg.Type != "oneof" && arg.Type != "pure-token" {
			arg.Name = field(e, "name").Text
		}
		if spec := field(e, "key_spec_index"); spec.Kind != 0 {
			arg.Spec = number(spec)
		}
		args = append(args, arg)
	}
	return args
}

// field is the value of a key of a map, or nothing.
func field(v conformance.Value, key string) conformance.Value {
	for i := 0; i+1 < len(v.Elems); i += 2 {
		if v.Elems[i].Text == key {
			return v.Elems[i+1]
		}
	}
	return conformance.Value{}
}

func texts(v conformance.Value) (texts []string) {
	for _, e := range v.Elems {
		texts = append(texts, e.Text)
	}
	return texts
}

func number(v conformance.Value) int {
	n, err := strconv.Atoi(v.Text)
	if err != nil {
		panic(err)
	}
	return n
}
