// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"stampede/internal/figures"
)

// Snapshot is how far a run has come.
type Snapshot struct {
	Elapsed time.Duration // since the readers came
	Sales   []SaleProgress
	Readers AudienceProgress
}

// SaleProgress is how far one sale has come.
type SaleProgress struct {
	Name, Title string
	State       SaleState
	Stock       int64 // units in all
	Sold        int64 // units so far
	Refused     int64 // buyers
	Tries       int64 // so far
	Elapsed     time.Duration
}

// SaleState says whether a sale has opened and ended.
type SaleState uint8

// The states of a sale, in their order.
const (
	SaleWaits SaleState = iota
	SaleOpen
	SaleOver
)

// AudienceProgress is what readers have done so far.
type AudienceProgress struct {
	Calls, Hits, Misses int64
}

// snapshot reads the counters of the crowds and the audience.
func (s *stage) snapshot() Snapshot {
	snap := Snapshot{Elapsed: time.Since(s.started), Readers: AudienceProgress{
		Calls: s.audience.calls.Load(), Hits: s.audience.hits.Load(),
		Misses: s.audience.misses.Load(),
	}}
	for _, c := range s.crowds {
		progress := SaleProgress{
			Name: c.recipe.Name(), Title: c.recipe.Title(), Stock: c.sale.Stock,
			Sold: c.sold.Load(), Refused: c.refused.Load(), Tries: c.tries.Load(),
			Elapsed: c.elapsed(),
		}
		switch {
		case c.closedNs.Load() != 0:
			progress.State = SaleOver
		case c.openedNs.Load() != 0:
			progress.State = SaleOpen
		}
		snap.Sales = append(snap.Sales, progress)
	}
	return snap
}

// Screen shows snapshots: on a terminal as bars that move, elsewhere as a line every
// second. It is used by one goroutine at a time.
type Screen struct {
	Out      io.Writer
	Terminal bool
	Width    int    // of the terminal, in columns; 0: 80
	Colors   Colors // on a terminal

	drawn  int           // lines that stand on the terminal
	over   int           // sales whose end has been told
	nextAt time.Duration // when to write the next plain line
}

// widthDefault is the width of a terminal that does not tell.
const widthDefault = 80

// Show brings the screen up to date. What cannot be written is no reason to stop.
func (s *Screen) Show(snap Snapshot) {
	if s.Terminal {
		s.draw(snap)
		return
	}
	over := 0
	for _, sale := range snap.Sales {
		if sale.State == SaleOver {
			over++
			if over > s.over {
				fmt.Fprintln(s.Out, sale.plain(), "over")
			}
		}
		if sale.State == SaleOpen && snap.Elapsed >= s.nextAt {
			fmt.Fprintln(s.Out, sale.plain())
		}
	}
	s.over = over
	if snap.Elapsed >= s.nextAt {
		fmt.Fprintln(s.Out, snap.readers())
		s.nextAt = snap.Elapsed.Truncate(time.Second) + time.Second
	}
}

// Close leaves the terminal as it was.
func (s *Screen) Close() {
	if s.drawn > 0 {
		fmt.Fprint(s.Out, "\x1b[?25h") // the cursor is seen again
		s.drawn = 0
	}
}

// progressRow lays out one sale on the terminal: name, bar, figures.
const (
	progressRow = "%-22s%s%11s%10s%10s%12s"
	progressBar = 14
)

// draw writes all lines over those of the last time.
func (s *Screen) draw(snap Snapshot) {
	lines := []string{"", s.Colors.paint(dim, s.fit(fmt.Sprintf(progressRow, "",
		strings.Repeat(" ", progressBar), "sold", "served", "refused", "attempts/s")))}
	for _, sale := range snap.Sales {
		lines = append(lines, s.paint(sale))
	}
	lines = append(lines, s.Colors.paint(dim, s.fit(snap.readers())))
	var b strings.Builder
	if s.drawn == 0 {
		b.WriteString("\x1b[?25l") // the cursor would flicker
	} else {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	for _, line := range lines {
		b.WriteString("\r" + line + "\x1b[K\n")
	}
	s.drawn = len(lines)
	_, _ = io.WriteString(s.Out, b.String())
}

// paint is the line of one sale.
func (s *Screen) paint(sale SaleProgress) string {
	full := int(min(sale.Sold*progressBar/max(sale.Stock, 1), progressBar))
	bar := strings.Repeat("█", full) + strings.Repeat("░", progressBar-full)
	line := s.fit(fmt.Sprintf(progressRow, sale.Name+"  "+sale.Title, bar,
		figures.Grouped(sale.Sold)+"/"+figures.Grouped(sale.Stock),
		figures.Grouped(sale.Sold+sale.Refused), figures.Grouped(sale.Refused),
		figures.Rate(perSecond(sale.Tries, sale.Elapsed))))
	color := yellow
	switch {
	case sale.State == SaleWaits:
		color = dim
	case sale.Sold == sale.Stock:
		color = green
	case sale.State == SaleOver || sale.Sold > sale.Stock:
		color = red
	}
	return strings.Replace(line, bar, s.Colors.paint(color, bar), 1)
}

// fit cuts a line that the terminal would break.
func (s *Screen) fit(line string) string {
	width := s.Width
	if width <= 0 {
		width = widthDefault
	}
	if utf8.RuneCountInString(line) < width {
		return line
	}
	return string([]rune(line)[:max(width-1, 0)])
}

// plain is a sale as a line of text.
func (p SaleProgress) plain() string {
	return fmt.Sprintf("%s  sold %s/%s, served %s, refused %s, %s attempts/s", p.Name,
		figures.Grouped(p.Sold), figures.Grouped(p.Stock), figures.Grouped(p.Sold+p.Refused),
		figures.Grouped(p.Refused), figures.Rate(perSecond(p.Tries, p.Elapsed)))
}

// readers is what the audience has done as a line of text.
func (s Snapshot) readers() string {
	return fmt.Sprintf("readers: %s calls, %s calls/s, %s from the cache",
		figures.Grouped(s.Readers.Calls), figures.Rate(perSecond(s.Readers.Calls, s.Elapsed)),
		AudienceResult{Hits: s.Readers.Hits, Misses: s.Readers.Misses}.hitShare())
}
