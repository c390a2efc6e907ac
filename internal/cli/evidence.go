package cli

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
)

// evidenceFlags are the window and the scope of evidence.
type evidenceFlags struct {
	since, until, region, service, of string
	cell                              int
}

func (w world) evidenceCommand() *cobra.Command {
	c := &cobra.Command{Use: "evidence", Short: "Show what the journal proves: availability, recovery, incidents"}
	var f evidenceFlags
	p := c.PersistentFlags()
	p.StringVar(&f.since, "since", "30d", "begin of the window: a time (RFC 3339) or how long ago (90m, 24h, 30d)")
	p.StringVar(&f.until, "until", "", "end of the window: a time or how long ago; now by default")
	p.StringVar(&f.region, "region", "", "only this region")
	p.StringVar(&f.service, "service", "", "only this service")
	p.IntVar(&f.cell, "cell", -1, "only customers of this cell")
	p.StringVar(&f.of, "of", "both", "which incidents and drills count: real, practice or both")
	c.AddCommand(w.evidenceAvailability(&f), w.evidenceBurn(&f), w.evidenceIncidents(&f))
	for _, name := range []struct{ name, short string }{
		{"mttd", "Mean time to detect: from the first failed request to the first action"},
		{"mttr", "Mean time to repair: from the first failed request to the last"},
		{"mtbf", "Mean time between failures"},
		{"rto", "Recovery time of failovers and drills"},
		{"rpo", "Recovery point of drills: seconds of acknowledged writes lost"},
		{"blast", "Blast radius: share of the cells that an incident reached"},
	} {
		c.AddCommand(w.evidenceFigure(&f, name.name, name.short))
	}
	return c
}

func (w world) evidence(c *cobra.Command, f *evidenceFlags) (api.Evidence, error) {
	var e api.Evidence
	from, err := moment(f.since, time.Now())
	if err != nil {
		return e, verb.Exitf(verb.Misused, "--since: %w", err)
	}
	to := time.Now()
	if f.until != "" {
		if to, err = moment(f.until, time.Now()); err != nil {
			return e, verb.Exitf(verb.Misused, "--until: %w", err)
		}
	}
	client, err := w.Client()
	if err != nil {
		return e, err
	}
	q := verb.Query("from", from.UTC().Format(time.RFC3339Nano), "to", to.UTC().Format(time.RFC3339Nano),
		"region", f.region, "service", f.service, "cell", strconv.Itoa(f.cell), "of", f.of)
	return e, client.Call(c.Context(), http.MethodGet, "/v1/evidence?"+q, "", nil, &e)
}

// moment reads a time, or how long before now.
func moment(s string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	text := s
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil {
			text = strconv.FormatFloat(24*n, 'f', -1, 64) + "h"
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return time.Time{}, fmt.Errorf("%q is neither a time such as 2026-11-23T03:00:00Z nor a duration such as 24h or 30d", s)
	}
	return now.Add(-d), nil
}

// span writes seconds as people say them.
func span(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

func percent(ratio float64) string { return strconv.FormatFloat(100*ratio, 'f', 4, 64) + " %" }

// share is a ratio that may be unknown, in per cent with so many digits.
func share(ratio *float64, digits int) string {
	if ratio == nil {
		return "unknown"
	}
	return strconv.FormatFloat(100**ratio, 'f', digits, 64) + " %"
}

func (w world) evidenceAvailability(f *evidenceFlags) *cobra.Command {
	return &cobra.Command{Use: "availability", Short: "Show availability by customers' time, by whole time and by requests; exit 3 below the target, and where nothing is known", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		e, err := w.evidence(c, f)
		if err != nil {
			return err
		}
		t := verb.Table{Head: []string{"SCOPE", "CUSTOMERS", "EDGES", "OUTSIDE", "SEEN OUTSIDE", "WHOLE", "REQUESTS", "FAILED", "OF", "KNOWN", "ENTRIES"}}
		add := func(scope string, m api.Measured) {
			t.Rows = append(t.Rows, []string{scope, share(m.Customer, 4), share(m.Edges, 4), share(m.Outside, 4), span(m.OutsideKnown), share(m.Whole, 4), share(m.Request, 4), fmt.Sprint(m.Failed), fmt.Sprint(m.Requests),
				span(m.Known), indexes(m.Entries)})
		}
		add("platform", e.Platform)
		for _, m := range e.Regions {
			add("region "+m.Region, m)
		}
		for _, m := range e.Services {
			add("service "+verb.Dash(m.Service), m)
		}
		for _, m := range e.Cells {
			add("cell "+strconv.Itoa(*m.Cell), m)
		}
		if err := w.Print(e, t, []string{share(e.Platform.Customer, 4)}); err != nil {
			return err
		}
		w.Note("CUSTOMERS is the worse of both views of each cell's minute: EDGES is what the edges counted, OUTSIDE is what vantage points outside every region met; SEEN OUTSIDE is how long these watched")
		w.Note("target %s of customers' time; %.2f s of the window's %.0f s of error budget are spent, %s left",
			percent(e.Target), e.Budget.Spent, e.Budget.Allowed, share(e.Budget.Remaining, 2))
		switch {
		case e.Platform.Customer == nil:
			return verb.Exitf(verb.Missed, "availability is unknown: nothing was counted or seen in this window and scope, so that the target %s is not proved", percent(e.Target))
		case *e.Platform.Customer < e.Target:
			return verb.Exitf(verb.Missed, "availability %s is below the target %s", percent(*e.Platform.Customer), percent(e.Target))
		}
		return nil
	}}
}

// indexes names journal entries shortly.
func indexes(entries []uint64) string {
	switch n := len(entries); {
	case n == 0:
		return "-"
	case n == 1:
		return fmt.Sprint(entries[0])
	default:
		return fmt.Sprintf("%d…%d (%d)", entries[0], entries[n-1], n)
	}
}

func (w world) evidenceFigure(f *evidenceFlags, name, short string) *cobra.Command {
	return &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		e, err := w.evidence(c, f)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(e.Figures, func(x api.Figure) bool { return x.Name == name })
		if i < 0 {
			return fmt.Errorf("the server has no figure %s; it may be of an older version, which `fournines status -o json` shows", name)
		}
		x := e.Figures[i]
		number := func(v *float64) string {
			if v == nil {
				return "unknown"
			}
			return strconv.FormatFloat(*v, 'f', 2, 64)
		}
		t := verb.Table{
			Head: []string{"FIGURE", "UNIT", "N", "MEAN", "MEDIAN", "P90", "MAX", "95 % OF " + strings.ToUpper(x.Of), "ENTRIES"},
			Rows: [][]string{{x.Name, x.Unit, fmt.Sprint(x.N), number(x.Mean), number(x.Median), number(x.P90), number(x.Max), number(x.Low) + " to " + number(x.High), indexes(x.Entries)}},
		}
		if err := w.Print(x, t, []string{number(x.Mean)}); err != nil {
			return err
		}
		if x.Note != "" {
			w.Note("%s", x.Note)
		}
		return nil
	}}
}

func (w world) evidenceBurn(f *evidenceFlags) *cobra.Command {
	return &cobra.Command{Use: "burn", Short: "Show how fast the error budget burns; exit 3 while an alert fires", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		e, err := w.evidence(c, f)
		if err != nil {
			return err
		}
		t := verb.Table{Head: []string{"LONG", "SHORT", "RULE", "LONG RATE", "SHORT RATE", "STATE", "ENTRIES"}}
		var names []string
		for _, b := range e.Burn {
			state := "quiet"
			if b.Firing {
				state = "firing (" + b.Severity + ")"
				names = append(names, span(b.Long))
			}
			t.Rows = append(t.Rows, []string{span(b.Long), span(b.Short), fmt.Sprint(b.Rate), fmt.Sprintf("%.2f", b.LongRate), fmt.Sprintf("%.2f", b.ShortRate), state, indexes(b.Entries)})
		}
		if err := w.Print(e.Burn, t, names); err != nil {
			return err
		}
		if len(names) > 0 {
			return verb.Exitf(verb.Missed, "the error budget burns too fast over %s", strings.Join(names, ", "))
		}
		return nil
	}}
}

func (w world) evidenceIncidents(f *evidenceFlags) *cobra.Command {
	return &cobra.Command{Use: "incidents", Short: "List incidents, the newest first", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		e, err := w.evidence(c, f)
		if err != nil {
			return err
		}
		t := verb.Table{Head: []string{"INCIDENT", "BEGAN", "SECONDS", "DETECTED AFTER", "CELLS", "FAILED", "CAUSE", "ENTRIES"}}
		var names []string
		for _, i := range e.Incidents {
			detected := "-"
			if !i.Detected.IsZero() {
				detected = fmt.Sprintf("%.1f s", max(i.Detected.Sub(i.Began).Seconds(), 0))
			}
			t.Rows = append(t.Rows, []string{i.ID, i.Began.UTC().Format(time.RFC3339), fmt.Sprintf("%.0f", i.Duration().Seconds()), detected,
				fmt.Sprintf("%d of %d", len(i.Cells), i.Of), fmt.Sprint(i.Failed), verb.Dash(i.Practice), indexes(i.Entries)})
			names = append(names, i.ID)
		}
		return w.Print(e.Incidents, t, names)
	}}
}
