// SPDX-License-Identifier: Apache-2.0

package salebench

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// sample is a report as a run might give it.
func sample() Report {
	result := func(form string, kind Kind, pipeline int, attempts, sold float64) Result {
		return Result{Form: form, Kind: kind, Clients: 64, Pipeline: pipeline, Products: 1,
			Durability: "disk & <paper>", Danger: "it may go wrong",
			Rates: Sale{AttemptsPerSecond: attempts, SoldPerSecond: sold,
				RefusedPerSecond: attempts - sold, P50Ms: 1.234, P99Ms: 56.78}}
	}
	wrong := result("nowait", SingleRow, 1, 8000, 120)
	wrong.Published, wrong.SellOut.Under = true, 1234
	wrong.SellOut.Notes = []string{"units are left"}
	r := Report{Cores: 2, SyncMs: 0.4, Seconds: 5, Units: 256, Products: 1,
		Versions: []string{"PostgreSQL 15"},
		Results: []Result{
			result("conditional", SingleRow, 1, 1500, 1500),
			result("advisory-try", SingleRow, 1, 35000, 900), wrong,
			result("batch", Grouped, 256, 90000, 90000),
			result("ours-ledger", Ours, 1, 4000, 4000),
			result("ours-ledger", Ours, 256, 60000, 60000),
			{Form: "redis-lua", Kind: Redis, NotAvailable: "there is none"},
		}}
	r.compare()
	return r
}

func TestSummaryComparesTheBest(t *testing.T) {
	r := sample()
	want := []string{
		"ours-ledger with 16 384 at once: 40.00 × the sales of conditional with 64 at once, the " +
			"fastest that counts one row down",
		"ours-ledger with 16 384 at once: 0.67 × the sales of batch with 16 384 at once",
	}
	if !slices.Equal(r.Summary, want) {
		t.Errorf("%q", r.Summary)
	}
	many := sample()
	many.Products, many.Summary = 1000, nil
	many.compare()
	if len(many.Summary) != 3 ||
		!strings.Contains(many.Summary[2], "66.67 × the sales of advisory-try") {
		t.Errorf("%q", many.Summary)
	}
}

func TestTextAndMarkdownHaveEachForm(t *testing.T) {
	r := sample()
	var text, markdown strings.Builder
	if err := errors.Join(r.WriteText(&text), r.WriteMarkdown(&markdown)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one product, 5 s", "PostgreSQL 15", "1 500", "35 000", "34 100",
		"nowait (published)", "1 234", "1.23", "56.8", "16 384", "40.00 ×"} {
		for _, b := range []string{text.String(), markdown.String()} {
			if !strings.Contains(b, want) {
				t.Errorf("there is no %q in\n%s", want, b)
			}
		}
	}
	for _, want := range []string{"nowait with 64 at once, to the end: units are left",
		"it may go wrong", "redis-lua: not available: there is none"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("there is no %q in\n%s", want, text.String())
		}
	}
	lines := strings.Split(markdown.String(), "\n")
	if bars := strings.Count(lines[2], "|"); strings.Count(lines[3], "|") != bars ||
		strings.Count(lines[9], "|") != bars {
		t.Errorf("rows are not of one length:\n%s", markdown.String())
	}
}

func TestJSONKeepsItsShape(t *testing.T) {
	text, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"cores":2,"syncMs":0.4,"seconds":5,"units":256,"products":1,` +
		`"asPublished":false,"versions":["PostgreSQL 15"],"results":[{"form":"conditional",`,
		`"kind":"single row","asPublished":false,"clients":64,"pipeline":1,`,
		`"attemptsPerSecond":35000,"soldPerSecond":900,"refusedPerSecond":34100,` +
			`"p50Ms":1.234,"p99Ms":56.78,"serverCpuMicrosPerSale":0,"over":0,"under":0,"notes":`,
		`"notAvailable":"there is none"`, `"summary":["ours-ledger`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %s in %s", want, text)
		}
	}
}

func TestChartIsWellFormed(t *testing.T) {
	r := sample()
	r.Results[0].Form = `<&">`
	var b strings.Builder
	if err := r.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	bars, texts := 0, ""
	for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "rect" {
				bars++
			}
		case xml.CharData:
			texts += string(token)
		}
	}
	// The page, six colors of the legend, six forms, and attempts behind two of them.
	if bars != 1+6+6+2 {
		t.Errorf("%d rectangles", bars)
	}
	for _, want := range []string{`<&">`, "Sales a second, one product", "60 000",
		"nowait ×64 published"} {
		if !strings.Contains(texts, want) {
			t.Errorf("there is no %q in %s", want, texts)
		}
	}
	if strings.Contains(texts, "redis-lua") {
		t.Error("a form that did not run has a bar")
	}
	if _, after, _ := strings.Cut(b.String(), `font-weight`); strings.Count(after, "%!") > 0 {
		t.Errorf("a number is missing: %s", after)
	}
}

func TestMediansKeepWhatWentWrong(t *testing.T) {
	round := func(perSecond float64, over int64, notes ...string) []Result {
		return []Result{
			{Form: "a", Rates: Sale{SoldPerSecond: perSecond}},
			{Form: "b", Rates: Sale{SoldPerSecond: 10 * perSecond, Over: over, Notes: notes}},
		}
	}
	got := medians([][]Result{round(3, 1, "x"), round(1, 0), round(2, 4, "x", "y")})
	if len(got) != 2 || got[0].Rates.SoldPerSecond != 2 || got[0].Over() != 0 {
		t.Errorf("%+v", got)
	}
	if b := got[1]; b.Rates.SoldPerSecond != 20 || b.Over() != 5 ||
		!slices.Equal(b.Rounds, []float64{30, 10, 20}) ||
		!slices.Equal(b.Rates.Notes, []string{"x", "y"}) {
		t.Errorf("%+v", b)
	}
	if short := medians([][]Result{round(3, 0), round(5, 0)[:1]}); len(short) != 2 ||
		len(short[0].Rounds) != 2 || len(short[1].Rounds) != 1 {
		t.Errorf("after an interrupt: %+v", short)
	}
	// 1/10, 3/2 and 10/40 of the other's, whatever the medians are.
	ours, other := Result{Rounds: []float64{1, 3, 10}}, Result{Rounds: []float64{10, 2, 40}}
	if text := ours.times(&other); text != "0.25 (0.10–1.50)" {
		t.Errorf("got %s", text)
	}
}
