// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"slices"
	"strings"
)

// ArgType is what an argument is, named as COMMAND DOCS names it.
type ArgType string

// The types of arguments. A synopsis writes the short form behind a colon.
const (
	ArgKey      ArgType = "key"        // @name
	ArgString   ArgType = "string"     // name
	ArgInt      ArgType = "integer"    // name:int
	ArgDouble   ArgType = "double"     // name:double
	ArgPattern  ArgType = "pattern"    // name:pattern
	ArgUnixTime ArgType = "unix-time"  // name:unix-time
	ArgToken    ArgType = "pure-token" // WORD
	ArgOneOf    ArgType = "oneof"      // a | b
	ArgBlock    ArgType = "block"      // several in a row
)

// Arg is one argument in the tree that a synopsis describes.
type Arg struct {
	Name          string  // of a value; of the parts joined with "_" where there are several
	Type          ArgType //
	Token         string  // the word in front of it; of a pure token the word itself
	Optional      bool    // may be left out
	Multiple      bool    // may be repeated
	MultipleToken bool    // and the token then as well
	KeySpec       int     // index of its key specification if it is a key, else -1
	Args          []Arg   // the alternatives of a oneof, the parts of a block
}

// parseSynopsis turns a synopsis into its arguments.
//
//	synopsis = { element }
//	element  = value | WORD | WORD value … | "[" choice "]" | "<" choice ">"
//	choice   = synopsis { "|" synopsis }
//	value    = ["@"] name [":" type]
//
// "[" means that it may be left out. A bracket that says again what stands before it and
// ends with "..." means that this may be repeated: "@key value [@key value ...]".
func parseSynopsis(text string) ([]Arg, error) {
	p := synopsisParser{words: splitSynopsis(text)}
	args, err := p.sequence(false)
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("%q closes nothing", p.words[0])
	}
	if err != nil {
		return nil, fmt.Errorf("synopsis %q: %w", text, err)
	}
	return args, nil
}

// spaced puts blanks around brackets and bars. It is built once: it takes kilobytes.
var spaced = strings.NewReplacer("[", " [ ", "]", " ] ", "<", " < ", ">", " > ", "|", " | ")

// splitSynopsis cuts a synopsis into words and brackets. "<" and ">" are brackets only
// where they stand next to something: alone they would be words.
func splitSynopsis(text string) []string { return strings.Fields(spaced.Replace(text)) }

// synopsisParser reads words from left to right.
type synopsisParser struct{ words []string }

func (p *synopsisParser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

// sequence reads elements up to a closing bracket, a bar or the end; with valuesOnly up
// to the first that is no value, repetitions excepted.
func (p *synopsisParser) sequence(valuesOnly bool) ([]Arg, error) {
	var args []Arg
	var starts [][]string // what was left to read where each element began
	for p.next() != "" && !strings.Contains("]>|", p.next()) {
		if n := p.repeats(starts); n > 0 {
			args = append(args[:len(args)-n], repeated(args[len(args)-n:]))
			starts = starts[:len(args)]
			continue
		}
		if valuesOnly && !isValue(p.next()) {
			break
		}
		starts = append(starts, p.words)
		arg, err := p.element()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}

// repeats tells how many of the last elements the bracket at hand says again, and reads
// it if it does. The bracket holds the same words and "...".
func (p *synopsisParser) repeats(starts [][]string) int {
	end := closing(p.words) - 1
	if p.next() != "[" || end < 1 || p.words[end] != "..." {
		return 0
	}
	inner := p.words[1:end]
	for n := 1; n <= len(starts); n++ {
		from := starts[len(starts)-n]
		if slices.Equal(from[:len(from)-len(p.words)], inner) {
			p.words = p.words[end+2:]
			return n
		}
	}
	return 0
}

// closing is the index of the bracket that closes the one at the start of words, or -1.
func closing(words []string) int {
	depth := 0
	for i, word := range words {
		switch word {
		case "[", "<":
			depth++
		case "]", ">":
			depth--
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}

// repeated makes of the elements one that may come again.
func repeated(args []Arg) Arg {
	arg := args[0]
	if len(args) > 1 {
		arg = block(slices.Clone(args))
	}
	arg.Multiple = true
	arg.MultipleToken = arg.Token != ""
	return arg
}

// element reads one element.
func (p *synopsisParser) element() (Arg, error) {
	word := p.next()
	p.words = p.words[1:]
	switch {
	case word == "[" || word == "<":
		return p.choice(word)
	case word == "...":
		return Arg{}, fmt.Errorf("%q without what it repeats", word)
	case isToken(word):
		return p.tokenElement(word)
	}
	return value(word)
}

// choice reads what stands in brackets.
func (p *synopsisParser) choice(open string) (Arg, error) {
	var branches []Arg
	for {
		parts, err := p.sequence(false)
		if err != nil {
			return Arg{}, err
		}
		if len(parts) == 0 {
			return Arg{}, fmt.Errorf("nothing between brackets or bars")
		}
		branches = append(branches, block(parts))
		end := p.next()
		if end == "" {
			return Arg{}, fmt.Errorf("%q is not closed", open)
		}
		p.words = p.words[1:]
		if end == "|" {
			continue
		}
		if (open == "[") != (end == "]") {
			return Arg{}, fmt.Errorf("%q is closed by %q", open, end)
		}
		break
	}
	arg := branches[0]
	if len(branches) > 1 {
		arg = Arg{Type: ArgOneOf, Name: joinNames(branches), KeySpec: -1, Args: branches}
	}
	arg.Optional = arg.Optional || open == "["
	return arg, nil
}

// tokenElement reads what follows a word in capitals: the value or values that it
// announces, a choice that it announces, or nothing. Values only belong to it together.
func (p *synopsisParser) tokenElement(token string) (Arg, error) {
	if p.next() == "<" {
		arg, err := p.element()
		arg.Token = token
		return arg, err
	}
	parts, err := p.sequence(true)
	if err != nil {
		return Arg{}, err
	}
	if len(parts) == 0 {
		return Arg{Type: ArgToken, Name: strings.ToLower(token), Token: token, KeySpec: -1}, nil
	}
	arg := block(parts)
	arg.Token = token
	return arg, nil
}

// value reads a word that stands for a value.
func value(word string) (Arg, error) {
	name, isKey := strings.CutPrefix(word, "@")
	name, argType := splitType(name)
	switch {
	case isKey && argType == "":
		argType = ArgKey
	case argType == "":
		argType = ArgString
	}
	if name == "" || isKey && argType != ArgKey || strings.Contains(name, ":") && name == word {
		return Arg{}, fmt.Errorf("%q is no value", word)
	}
	return Arg{Name: name, Type: argType, KeySpec: -1}, nil
}

// splitType cuts the type off a word. ":string" is written only behind names that hold a
// colon themselves.
func splitType(word string) (name string, argType ArgType) {
	at := strings.LastIndexByte(word, ':')
	switch word[at+1:] {
	case "string":
		argType = ArgString
	case "int":
		argType = ArgInt
	case "double":
		argType = ArgDouble
	case "pattern":
		argType = ArgPattern
	case "unix-time":
		argType = ArgUnixTime
	}
	if at < 0 || argType == "" {
		return word, ""
	}
	return word[:at], argType
}

// block makes one argument of a row of them.
func block(args []Arg) Arg {
	if len(args) == 1 {
		return args[0]
	}
	return Arg{Type: ArgBlock, Name: joinNames(args), KeySpec: -1, Args: args}
}

func joinNames(args []Arg) string {
	names := make([]string, len(args))
	for i, arg := range args {
		names[i] = arg.Name
	}
	return strings.Join(names, "_")
}

// isToken tells whether word stands for itself: it has no small letter.
func isToken(word string) bool {
	return word != "" && word[0] != '@' && strings.ToUpper(word) == word
}

// isValue tells whether word stands for a value.
func isValue(word string) bool { return word != "" && !isToken(word) && word != "..." }

// FlagNames is what COMMAND DOCS says of an argument beyond its type.
func (a *Arg) FlagNames() []string {
	var names []string
	if a.Optional {
		names = append(names, "optional")
	}
	if a.Multiple {
		names = append(names, "multiple")
	}
	if a.MultipleToken {
		names = append(names, "multiple_token")
	}
	return names
}
