package console

import (
	"context"
	"fmt"

	"github.com/greenlang/fournines/internal/api"
)

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

func loadDrills(ctx context.Context, src Source, a ask) (sheet, error) {
	if err := onlyFilters(a.Query); err != nil {
		return sheet{}, err
	}
	catalogue, err := src.DrillCatalogue(ctx)
	if err != nil {
		return sheet{}, fmt.Errorf("list drills: %w", err)
	}
	reports, err := src.DrillReports(ctx)
	if err != nil {
		return sheet{}, fmt.Errorf("list drill reports: %w", err)
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
	return sheet{Title: "Drills", Data: s}, nil
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

func loadDrill(ctx context.Context, src Source, a ask) (sheet, error) {
	r, err := src.DrillReport(ctx, a.Key)
	if err != nil {
		return sheet{}, fmt.Errorf("read drill report %s: %w", a.Key, err)
	}
	catalogue, err := src.DrillCatalogue(ctx)
	if err != nil {
		return sheet{}, fmt.Errorf("list drills: %w", err)
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
	return sheet{Title: "Drill " + r.Drill, Data: s}, nil
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
