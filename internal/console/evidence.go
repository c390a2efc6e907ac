package console

import (
	"context"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
)

type evidencePages struct{ api.Figures }

// EvidencePages show what the journal proves of a window.
func EvidencePages(s api.Figures) []Page {
	return []Page{{
		Name: "evidence", Pattern: "/evidence", Section: "evidence", Load: evidencePages{s}.load, Templates: embedded, Rank: 80,
		Parts: []string{"evidence-availability", "evidence-budget", "evidence-figures", "evidence-incidents", "evidence-scopes"},
		Nav:   &Nav{Word: "Evidence", Key: "e"},
		Palette: func(context.Context, api.Status) ([]Link, error) {
			return []Link{{GoTo, "Evidence", "g e", "/evidence"}, {GoTo, "Evidence of a year", "", "/evidence?span=365d"}}, nil
		},
	}}
}

// evidenceSheet is what the journal proves of a window.
type evidenceSheet struct {
	api.Evidence
	Span    string // the window's length as in the address
	Region  string
	Spans   []choice
	Kinds   []choice
	Chart   burnChart
	Command string // the equal command
}

// spans are the windows that can be looked at, the shortest first.
var spans = []struct {
	value, word string
	length      time.Duration
}{
	{"24h", "24 hours", 24 * time.Hour}, {"7d", "7 days", 7 * 24 * time.Hour},
	{"30d", "30 days", 30 * 24 * time.Hour}, {"365d", "a year", 365 * 24 * time.Hour},
}

func (p evidencePages) load(ctx context.Context, a Ask) (Sheet, error) {
	if err := OnlyFilters(a.Query, "span", "of", "region"); err != nil {
		return Sheet{}, err
	}
	s := evidenceSheet{Span: or(a.Query.Get("span"), "30d"), Region: a.Query.Get("region")}
	var length time.Duration
	for _, v := range spans {
		s.Spans = append(s.Spans, choice{Word: v.word, Address: address(a.Query, "span", v.value), Current: v.value == s.Span})
		if v.value == s.Span {
			length = v.length
		}
	}
	of := or(a.Query.Get("of"), "both")
	for _, v := range []string{"both", "real", "practice"} {
		s.Kinds = append(s.Kinds, choice{Word: v, Address: address(a.Query, "of", v), Current: v == of})
	}
	known := slices.ContainsFunc(a.Status.Regions, func(r api.Region) bool { return r.Name == s.Region })
	switch {
	case length == 0:
		return Sheet{}, BadRequest(fmt.Sprintf("span is %q, which is no window of this page", s.Span), "Choose 24h, 7d, 30d or 365d; any other window: fournines evidence availability --since.")
	case of != "both" && of != "real" && of != "practice":
		return Sheet{}, BadRequest(fmt.Sprintf("of is %q", of), "Choose real, practice or both.")
	case s.Region != "" && !known:
		return Sheet{}, BadRequest(fmt.Sprintf("the spec has no region %q", s.Region), "Choose one of the sidebar.")
	}
	f := api.EvidenceFilter{From: a.Now.Add(-length), To: a.Now, Of: of}
	f.Scope.Region = s.Region
	var err error
	if s.Evidence, err = p.Figures.Evidence(ctx, f); err != nil {
		return Sheet{}, fmt.Errorf("compute evidence: %w", err)
	}
	s.Chart = drawBurnDown(s.BurnDown, s.Budget.Allowed)
	s.Command = "fournines evidence availability --since " + s.Span
	if s.Region != "" {
		s.Command += " --region " + s.Region
	}
	return Sheet{Title: "Evidence", Data: s}, nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func address(q url.Values, name, value string) string {
	return "/evidence?" + With(q, name, value).Encode()
}

// burnChart is the error budget that is left through a window, as one falling line.
type burnChart struct {
	Line, Area    string // SVG paths
	Width, Height float64
	Zero          float64 // height of the line at which nothing is left
	Points        []api.Point
}

// drawBurnDown draws the budget that is left. An overspent budget needs room below zero.
func drawBurnDown(points []api.Point, allowed float64) burnChart {
	c := burnChart{Width: chartWidth, Height: chartHeight, Points: points}
	if len(points) < 2 || allowed <= 0 {
		return c
	}
	least := min(0, allowed-points[len(points)-1].Spent)
	y := func(left float64) float64 { return (allowed - left) / (allowed - least) * (chartHeight - 4) }
	var b strings.Builder
	for i, p := range points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", command, float64(i)/float64(len(points)-1)*chartWidth, y(allowed-p.Spent)+2)
	}
	c.Zero = y(0) + 2
	c.Line = b.String()
	c.Area = fmt.Sprintf("%sL%.1f %.1fL0 %.1fZ", c.Line, chartWidth, c.Zero, c.Zero)
	return c
}

// proofs leads from a figure to the entries behind it: one by one when they are few.
func proofs(entries []uint64) template.HTML {
	const few = 4
	if len(entries) == 0 {
		return `<span class="quiet">–</span>`
	}
	var b strings.Builder
	for _, e := range entries[max(0, len(entries)-few):] {
		b.WriteString(string(entryLink(e)) + " ")
	}
	if n := len(entries) - few; n > 0 {
		fmt.Fprintf(&b, `<a class="entry" href="/journal?from=%d&amp;before=%d">and %s before</a>`, entries[0], entries[n-1]+1, count(uint64(n)))
	}
	return template.HTML(strings.TrimSpace(b.String()))
}

// interval words the 95 % interval of a figure.
func interval(f api.Figure) string {
	switch {
	case f.Low == nil:
		return "–"
	case f.High == nil:
		return "from " + amount(f.Low, f.Unit)
	}
	return amount(f.Low, f.Unit) + " to " + amount(f.High, f.Unit)
}

// amount is a figure with its unit; a dash where it is unknown.
func amount(v *float64, unit string) string {
	switch {
	case v == nil:
		return "–"
	case unit == "seconds":
		return Seconds(*v)
	}
	return strconv.FormatFloat(*v, 'f', 1, 64) + " %"
}

// figureName is what a figure's short name stands for.
func figureName(name string) string {
	switch name {
	case "mttd":
		return "Time to detect"
	case "mttr":
		return "Time to repair"
	case "mtbf":
		return "Time between failures"
	case "rto":
		return "Recovery time"
	case "rpo":
		return "Recovery point"
	case "blast":
		return "Blast radius"
	}
	return plain(name)
}
