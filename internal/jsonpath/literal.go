// SPDX-License-Identifier: Apache-2.0

package jsonpath

import (
	"stampede/internal/assert"
	"stampede/internal/jsondoc"
)

// A literal is a number, a text, true, false or null in a filter.
type literal struct {
	text  string // as it was written; empty for a text
	value jsondoc.Value
}

func textLiteral(text string) literal {
	return literal{value: jsondoc.Root(jsondoc.AppendString(nil, []byte(text)), nil)}
}

func numberLiteral(text string) literal {
	packed, ok := jsondoc.AppendNumber(nil, []byte(text))
	assert.That(ok, "jsonpath: a number of a path is none of JSON")
	return literal{text: text, value: jsondoc.Root(packed, nil)}
}

func wordLiteral(word string) literal {
	packed := jsondoc.AppendNull(nil)
	if word != "null" {
		packed = jsondoc.AppendBool(nil, word == "true")
	}
	return literal{text: word, value: jsondoc.Root(packed, nil)}
}
