// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// form is a parsed synopsis of a fuzzRow: a word, or one of several sequences of forms.
type form struct {
	word     string                    // a literal, or a kind of argument; empty for a group
	draw     func(*generator) []string // of a kind of argument; nil for a literal
	choices  [][]form
	optional bool // the group may give nothing
	repeated bool // one to four times
}

// parseForm reads a synopsis. It is our own text, so what is wrong in it is a mistake of
// ours and panics.
func parseForm(text string) []form {
	for _, mark := range []string{"[", "]", "{", "}", "|"} {
		text = strings.ReplaceAll(text, mark, " "+mark+" ")
	}
	text = strings.ReplaceAll(text, "...", " ... ")
	words := strings.Fields(text)
	forms, rest := parseSequence(words, argumentKinds())
	if len(rest) > 0 {
		panic(fmt.Sprintf("conformance: form %q has %q too much", text, rest))
	}
	return forms
}

// parseSequence reads up to the end of the group it is in.
func parseSequence(words []string, kinds argumentTable) (forms []form, rest []string) {
	for len(words) > 0 {
		switch word := words[0]; word {
		case "|", "]", "}":
			return forms, words
		case "...":
			forms[len(forms)-1].repeated = true
			words = words[1:]
		case "[", "{":
			group := form{optional: word == "["}
			words = words[1:]
			for {
				var choice []form
				choice, words = parseSequence(words, kinds)
				group.choices = append(group.choices, choice)
				end := words[0]
				words = words[1:]
				if end != "|" {
					break
				}
			}
			forms = append(forms, group)
		default:
			forms = append(forms, form{word: word, draw: kinds[word]})
			words = words[1:]
		}
	}
	return forms, nil
}

// options lists the literals inside the groups of a form: what a row must have generated.
func options(forms []form, inside bool) []string {
	var words []string
	for _, f := range forms {
		if f.word != "" && inside && f.draw == nil {
			words = append(words, f.word)
		}
		for _, choice := range f.choices {
			words = append(words, options(choice, true)...)
		}
	}
	return words
}

// draw expands forms to arguments; note is told each literal inside a group.
func (g *generator) draw(args []string, forms []form, note func(string), inside bool) []string {
	for _, f := range forms {
		times := 1
		if f.repeated {
			times = 1 + g.rng.IntN(4)
		}
		for range times {
			switch {
			case f.word == "":
				if f.optional && chance(g.rng, 0.55) {
					continue
				}
				args = g.draw(args, f.choices[g.rng.IntN(len(f.choices))], note, true)
			case f.draw != nil:
				args = append(args, f.draw(g)...)
			default:
				args = append(args, f.word)
				if inside {
					note(f.word)
				}
			}
		}
	}
	return args
}

// chance is true with probability p.
func chance(rng *rand.Rand, p float64) bool { return rng.Float64() < p }

// pick draws one of several.
func pick(rng *rand.Rand, from ...string) string { return from[rng.IntN(len(from))] }
