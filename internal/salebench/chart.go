// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"

	"stampede/internal/figures"
)

// Measures of the chart, in pixels.
const (
	chartWidth = 860
	chartLeft  = 250 // where bars begin
	chartRight = 110 // room for the number behind the longest bar
	chartTop   = 86
	chartRow   = 30
	chartBar   = 16
	chartFoot  = 58
)

// Colors of the chart.
const (
	chartInk   = "#1f2430"
	chartFaint = "#6b7280"
	chartGrid  = "#e5e7eb"
	chartGhost = "#d6dae1" // attempts
	chartBad   = "#c2410c" // what sold wrongly
)

// colorOf is the color of a kind's bars.
func colorOf(k Kind) string {
	switch k {
	case SingleRow, UnitRows:
		return "#64748b"
	case Grouped:
		return "#0f766e"
	case Redis:
		return "#b45309"
	default:
		return "#4f46e5"
	}
}

// WriteSVG writes a chart: a bar for the sales of each form over a faint one for its attempts.
func (r *Report) WriteSVG(w io.Writer) error {
	var shown []*Result
	highest := 1.0
	for i := range r.Results {
		if one := &r.Results[i]; one.NotAvailable == "" {
			shown = append(shown, one)
			highest = max(highest, one.Rates.AttemptsPerSecond, one.Rates.SoldPerSecond)
		}
	}
	c := chart{highest: highest}
	height := chartTop + chartRow*len(shown) + chartFoot
	fmt.Fprintf(&c.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" `+
		`viewBox="0 0 %[1]d %[2]d" font-family="DejaVu Sans, Helvetica, Arial, sans-serif">`+"\n",
		chartWidth, height)
	fmt.Fprintf(&c.b, `<rect width="%d" height="%d" rx="8" fill="#ffffff"/>`+"\n", chartWidth, height)
	title := "Sales a second, one product"
	if r.Products > 1 {
		title = "Sales a second, " + figures.Grouped(r.Products) + " products"
	}
	c.text(20, 32, 17, chartInk, `font-weight="bold"`, title)
	c.legend()
	c.grid(height - chartFoot)
	for i, one := range shown {
		c.row(chartTop+chartRow*i, one)
	}
	c.text(20, height-14, 11, chartFaint, "", fmt.Sprintf("×: buyers served at a time. Number: "+
		"sales a second, each with its order. %d cores, buyers included.", r.Cores))
	c.b.WriteString("</svg>\n")
	_, err := io.WriteString(w, c.b.String())
	return err
}

// chart is one under way.
type chart struct {
	b       strings.Builder
	highest float64 // rate, at the right end
}

// x is where a rate is.
func (c *chart) x(perSecond float64) int {
	width := float64(chartWidth - chartLeft - chartRight)
	return chartLeft + int(width*perSecond/c.highest+0.5)
}

// text writes a line of text with its baseline at y.
func (c *chart) text(x, y, size int, color, more, text string) {
	fmt.Fprintf(&c.b, `<text x="%d" y="%d" font-size="%d" fill="%s" %s>`, x, y, size, color, more)
	_ = xml.EscapeText(&c.b, []byte(text)) // a builder takes everything
	c.b.WriteString("</text>\n")
}

func (c *chart) rect(x, y, width, height int, color string) {
	fmt.Fprintf(&c.b, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" fill="%s"/>`+"\n", x, y,
		max(width, 1), height, color)
}

// legend names the colors.
func (c *chart) legend() {
	x := 20
	for _, entry := range []struct {
		color, name string
		width       int
	}{
		{colorOf(SingleRow), "PostgreSQL, a transaction a sale", 232},
		{colorOf(Grouped), "PostgreSQL, batch", 146}, {colorOf(Redis), "redis-server", 112},
		{colorOf(Ours), "Stampede", 94}, {chartBad, "sold wrongly", 112},
		{chartGhost, "attempts", 0},
	} {
		c.rect(x, 48, 11, 11, entry.color)
		c.text(x+16, 58, 11, chartFaint, "", entry.name)
		x += entry.width
	}
}

// grid draws a line for each of a few round numbers.
func (c *chart) grid(bottom int) {
	step := math.Pow10(int(math.Log10(c.highest)))
	for _, part := range []float64{5, 2} {
		if c.highest < 3*step {
			step /= part
		}
	}
	for n := 0.0; n <= c.highest; n += step {
		fmt.Fprintf(&c.b, `<line x1="%[1]d" y1="%[2]d" x2="%[1]d" y2="%[3]d" stroke="%[4]s"/>`+"\n",
			c.x(n), chartTop-6, bottom, chartGrid)
		c.text(c.x(n), bottom+16, 10, chartFaint, `text-anchor="middle"`, figures.Rate(n))
	}
}

// row draws one form.
func (c *chart) row(y int, r *Result) {
	name := fmt.Sprintf("%s ×%s", r.Form, figures.Grouped(r.AtOnce()))
	if r.Published {
		name += " published"
	}
	c.text(chartLeft-12, y+chartBar-3, 12, chartInk, `text-anchor="end"`, name)
	s := &r.Rates
	if s.AttemptsPerSecond > s.SoldPerSecond {
		c.rect(chartLeft, y, c.x(s.AttemptsPerSecond)-chartLeft, chartBar, chartGhost)
	}
	color := colorOf(r.Kind)
	number := figures.Rate(s.SoldPerSecond)
	if r.Over() > 0 || r.Under() > 0 {
		color = chartBad
	}
	c.rect(chartLeft, y, c.x(s.SoldPerSecond)-chartLeft, chartBar, color)
	end := c.x(max(s.SoldPerSecond, s.AttemptsPerSecond))
	c.text(end+8, y+chartBar-3, 12, chartInk, "", number)
}
