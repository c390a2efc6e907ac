package console

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/greenlang/fournines/internal/api"
)

// drillPages are the pages of what can be proved, and what has been.
type drillPages struct{ api.Drills }

// DrillPages list drills and their reports, and run them.
func DrillPages(s api.Drills) []Page {
	p := drillPages{s}
	return []Page{
		{
			Name: "drills", Pattern: "/drills", Section: "drills", Load: p.list, Parts: []string{"drills-cards", "drills-reports"}, Templates: embedded, Rank: 70,
			Nav:     &Nav{Word: "Drills", Key: "d"},
			Palette: p.links,
			Forms:   []Form{{Pattern: "/verbs/drill", Page: "drills", Do: p.run}},
		},
		{
			Name: "drill", Pattern: "/drills/{key...}", Section: "drills", Load: p.one, Parts: []string{"drill-head", "drill-objectives", "drill-steps"}, Templates: embedded,
		},
	}
}

func (p drillPages) links(ctx context.Context, _ api.Status) ([]Link, error) {
	catalogue, err := p.DrillCatalogue(ctx)
	out := []Link{{GoTo, "Drills", "g d", "/drills"}}
	for _, d := range catalogue {
		if d.Lacks != "" {
			continue // it is not offered where it cannot run
		}
		out = append(out, Link{Do, "Run drill " + d.Name, d.Command, "/drills#drill-" + d.Name})
	}
	return out, err
}

func (p drillPages) run(ctx context.Context, f url.Values) (Outcome, error) {
	reason := strings.TrimSpace(f.Get("reason"))
	if err := CheckReason(reason); err != nil {
		return Outcome{}, err
	}
	if err := p.confirmed(ctx, f); err != nil {
		return Outcome{}, err
	}
	id, err := p.RunDrill(ctx, f.Get("name"), reason)
	return Outcome{Address: "/drills/" + Segments(id)}, err
}

// confirmed refuses a drill that customers may feel, unless its name was typed.
func (p drillPages) confirmed(ctx context.Context, f url.Values) error {
	catalogue, err := p.DrillCatalogue(ctx)
	for _, d := range catalogue {
		if d.Name == f.Get("name") && d.Reaches && strings.TrimSpace(f.Get("typed")) != d.Name {
			return BadRequest("the drill's name is not typed, and customers may feel it", "Type "+d.Name+", so that you do not run another one by mistake.")
		}
	}
	return err
}

// drillsSheet is what can be proved and what has been.
type drillsSheet struct {
	Drills  []drillCard
	Reports []api.DrillReport
}

// drillCard is a drill with its newest report, if it ever ran.
type drillCard struct {
	api.DrillInfo
	Last *api.DrillReport
}

func (p drillPages) list(ctx context.Context, a Ask) (Sheet, error) {
	if err := OnlyFilters(a.Query); err != nil {
		return Sheet{}, err
	}
	catalogue, err := p.DrillCatalogue(ctx)
	if err != nil {
		return Sheet{}, fmt.Errorf("list drills: %w", err)
	}
	reports, err := p.DrillReports(ctx)
	if err != nil {
		return Sheet{}, fmt.Errorf("list drill reports: %w", err)
	}
	s := drillsSheet{Reports: reports}
	for _, info := range catalogue {
		card := drillCard{DrillInfo: info}
		for i := range reports { // newest first
			if reports[i].Drill == info.Name {
				card.Last = &reports[i]
				break
			}
		}
		s.Drills = append(s.Drills, card)
	}
	return Sheet{Title: "Drills", Data: s}, nil
}

// drillSheet is one report.
type drillSheet struct {
	Report api.DrillReport
	Info   api.DrillInfo // empty when the drill is no longer in the catalogue
	Gauges []gauge
}

// gauge is an objective with its bar: how much of the target was used.
type gauge struct {
	api.Objective
	Mark  mark
	Share float64 // 0 to 1000, of the bar's width
	Limit float64 // where the target stands on the bar
}

func (p drillPages) one(ctx context.Context, a Ask) (Sheet, error) {
	r, err := p.DrillReport(ctx, a.Key)
	if err != nil {
		return Sheet{}, fmt.Errorf("read drill report %s: %w", a.Key, err)
	}
	catalogue, err := p.DrillCatalogue(ctx)
	if err != nil {
		return Sheet{}, fmt.Errorf("list drills: %w", err)
	}
	s := drillSheet{Report: r}
	for _, info := range catalogue {
		if info.Name == r.Drill {
			s.Info = info
		}
	}
	for _, o := range r.Objectives {
		s.Gauges = append(s.Gauges, drawGauge(o))
	}
	return Sheet{Title: "Drill " + r.Drill, Data: s}, nil
}

// drawGauge puts measured and target on one scale that holds both.
func drawGauge(o api.Objective) gauge {
	g := gauge{Objective: o, Mark: mark{"missed", "cross", "bad"}}
	if o.Met {
		g.Mark = mark{"met", "disc", "good"}
	}
	if scale := max(o.Target, o.Measured) * 1.08; scale > 0 {
		g.Share, g.Limit = 1000*max(0, o.Measured)/scale, 1000*max(0, o.Target)/scale
	}
	return g
}
