// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"stampede/internal/figures"
)

// textWidth is the width of all text, in columns.
const textWidth = 79

// Colors paints text for a terminal; the zero value leaves it plain.
type Colors bool

// Codes of ECMA-48 that are used.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// paint puts text between a color's code and the code that ends it.
func (c Colors) paint(code, text string) string {
	if !c || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// WriteIntroduction says what is about to be seen.
func (o Options) WriteIntroduction(w io.Writer, colors Colors) error {
	names := make([]string, len(o.Recipes))
	for i, r := range o.Recipes {
		names[i] = r.Name() + " (" + r.Title() + ")"
	}
	text := fmt.Sprintf("%s buyers, %s at a time, are about to ask the store at %s for %s units "+
		"of one product, once by each recipe: %s. Meanwhile %s readers look at product pages "+
		"through the cache and count views in rankings, as on any day.",
		figures.Grouped(o.Buyers), figures.Grouped(min(o.Connections, o.Buyers)), o.Address,
		figures.Grouped(o.Stock), strings.Join(names, "; "), figures.Grouped(o.Readers))
	_, err := fmt.Fprintf(w, "\n%s\n\n%s\n", colors.paint(bold, "Stampede: a flash sale"),
		wrap("", text))
	return err
}

// WriteText writes the report for people, 79 columns wide.
func (r Report) WriteText(w io.Writer, colors Colors) error {
	var b strings.Builder
	r.writeSales(&b, colors)
	r.Audience.write(&b, colors)
	r.writeMeaning(&b, colors)
	_, err := io.WriteString(w, b.String())
	return err
}

// saleRow lays out one line of the table of sales.
const saleRow = "%-21s%6s%9s%7s%7s%10s%8s%6s%5s"

// writeSales writes a line for each sale.
func (r Report) writeSales(b *strings.Builder, colors Colors) {
	b.WriteByte('\n')
	for _, header := range []string{
		fmt.Sprintf(saleRow, "", "", "", "over-", "under-", "attempts", "sales", "p50", "p99"),
		fmt.Sprintf(saleRow, "recipe", "sold", "refused", "sold", "sold", "/s", "/s", "ms", "ms"),
	} {
		b.WriteString(colors.paint(dim, header) + "\n")
	}
	for _, s := range r.Sales {
		line := fmt.Sprintf(saleRow, s.Name+"  "+s.Title,
			figures.Grouped(s.Sold), figures.Grouped(s.Refused),
			figures.Grouped(s.Oversold), figures.Grouped(s.Undersold),
			figures.Rate(s.TriesPerSecond), figures.Rate(s.SoldPerSecond),
			figures.Millis(s.P50Ms), figures.Millis(s.P99Ms))
		if s.fault() != "" {
			line = colors.paint(red, line)
		}
		b.WriteString(line + "\n")
	}
}

// trendBar is the length of the longest bar of the ranking, in columns.
const trendBar = 40

// write writes what readers did and saw.
func (a AudienceResult) write(b *strings.Builder, colors Colors) {
	fmt.Fprintf(b, "\nReaders meanwhile: %s calls/s, p50 %s ms, p99 %s ms; %s cached.\n",
		figures.Rate(a.CallsPerSecond), figures.Millis(a.P50Ms), figures.Millis(a.P99Ms), a.hitShare())
	if len(a.Trending) == 0 {
		return
	}
	fmt.Fprintf(b, "Trending today, of %s views:\n", figures.Grouped(a.Views))
	for i, t := range a.Trending {
		length := int(t.Views * trendBar / max(a.Trending[0].Views, 1))
		fmt.Fprintf(b, "  %d  %-14s%10s  %s\n", i+1, t.Category, figures.Grouped(t.Views),
			colors.paint(cyan, strings.Repeat("█", length)))
	}
}

// hitShare is the part of lookups that the cache answered.
func (a AudienceResult) hitShare() string {
	return fmt.Sprintf("%.1f %%", 100*float64(a.Hits)/float64(max(a.Hits+a.Misses, 1)))
}

// writeMeaning says what has been seen.
func (r Report) writeMeaning(b *strings.Builder, colors Colors) {
	b.WriteString("\n" + colors.paint(bold, "What it means") + "\n")
	if err := r.Verdict(); err != nil {
		fault := strings.ToUpper(err.Error()[:1]) + err.Error()[1:] + "."
		b.WriteString(colors.paint(red, wrap("", fault)) + "\n")
	} else {
		b.WriteString(colors.paint(green, wrap("", fmt.Sprintf("Exact: every recipe sold %[1]s "+
			"of %[1]s units, each to one buyer. Buyers' orders, the orders recorded in the store "+
			"and its counter agree.", figures.Grouped(r.Stock)))) + "\n")
	}
	for _, s := range r.Sales {
		fmt.Fprintf(b, "%s  %s\n", colors.paint(bold, s.Name), s.Title)
		for _, lesson := range s.Lessons {
			b.WriteString(wrap("   - ", lesson) + "\n")
		}
	}
}

// wrap breaks text into lines; the first begins with mark, the others with as many blanks.
func wrap(mark, text string) string {
	var b strings.Builder
	indent := strings.Repeat(" ", utf8.RuneCountInString(mark))
	column := 0
	for i, word := range strings.Fields(text) {
		width := utf8.RuneCountInString(word)
		if i == 0 {
			b.WriteString(mark)
			column = len(indent)
		} else if column+1+width > textWidth {
			b.WriteString("\n" + indent)
			column = len(indent)
		} else {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += width
	}
	return b.String()
}
