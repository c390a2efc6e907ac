package door

import (
	"context"
	"embed"
	"fmt"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
)

//go:embed templates
var templates embed.FS

// pages are the schedules' part of the console.
type pages struct{ source Lister }

// Pages show the schedules of all wings.
func Pages(s Lister) []console.Page {
	p := pages{s}
	return []console.Page{{
		Name: "schedules", Pattern: "/schedules", Section: "tasks", Load: p.schedules, Parts: []string{"schedules-list"}, Templates: templates, Rank: 31,
		Palette: func(context.Context, api.Status) ([]console.Link, error) {
			return []console.Link{{Group: console.GoTo, Word: "Schedules", Hint: "fournines schedule list", Address: "/schedules"}}, nil
		},
	}}
}

// scheduleRow is a schedule in words.
type scheduleRow struct {
	Schedule
	Tone, Shape string
	Command     string // that pauses or resumes it
}

func (p pages) schedules(ctx context.Context, _ console.Ask) (console.Sheet, error) {
	all, err := p.source.Schedules(ctx)
	if err != nil {
		return console.Sheet{}, fmt.Errorf("read schedules: %w", err)
	}
	rows := make([]scheduleRow, 0, len(all))
	for _, s := range all {
		rows = append(rows, rowOf(s))
	}
	return console.Sheet{Title: "Schedules", Data: rows}, nil
}

// rowOf words how a schedule is doing. One that has not ended once reports no success.
func rowOf(s Schedule) scheduleRow {
	r := scheduleRow{Schedule: s, Tone: "good", Shape: "disc", Command: "fournines schedule pause " + console.Quote(s.Name) + " --reason …"}
	switch {
	case s.Pause != nil:
		r.Tone, r.Shape, r.Command = "warn", "triangle", "fournines schedule resume "+console.Quote(s.Name)+" --reason …"
	case s.Failures > 0:
		r.Tone, r.Shape = "bad", "cross"
	case s.Newest == nil:
		r.Tone, r.Shape = "mute", "dash"
	}
	return r
}
