// SPDX-License-Identifier: Apache-2.0

package jsonpath

// A Path is a parsed path. It does not change, so any number of goroutines may use it.
type Path struct {
	query  query
	legacy bool
}

func newPath(segments []segment, legacy bool) *Path {
	return &Path{query: *newQuery(true, segments), legacy: legacy}
}

// Parse reads a path in RFC 9535's form, in RedisJSON's legacy form, or with the additions
// that the package comment lists. Its only error is a *[SyntaxError].
func Parse(text string) (*Path, error) { return parse(text, false) }

// ParseStrict reads a path that RFC 9535 calls well-formed and valid, and refuses any other.
// Where it does not refuse, Parse gives the same path.
func ParseStrict(text string) (*Path, error) { return parse(text, true) }

// Legacy tells whether the path was written in the form of RedisJSON's first version, to
// which commands reply with one value instead of a list.
func (p *Path) Legacy() bool { return p.legacy }

// Singular tells whether the path holds names and indexes only, so that it finds one value
// or none.
func (p *Path) Singular() bool { return p.query.singular }

// IsRoot tells whether the path is the root of the document and nothing else.
func (p *Path) IsRoot() bool { return len(p.query.segments) == 0 }

// LastName gives the name that the path ends with, in UTF-8; not to be changed. ok is false
// where it ends otherwise: with an index, with several selectors, with a name that is
// looked for at any depth.
func (p *Path) LastName() (name []byte, ok bool) {
	if p.IsRoot() {
		return nil, false
	}
	last := &p.query.segments[len(p.query.segments)-1]
	if last.descendant || len(last.selectors) > 1 || last.selectors[0].kind != selectName {
		return nil, false
	}
	return last.selectors[0].name, true
}

// Parent gives the path without its last segment, nil for the root. It allocates.
func (p *Path) Parent() *Path {
	if p.IsRoot() {
		return nil
	}
	return newPath(p.query.segments[:len(p.query.segments)-1], p.legacy)
}
