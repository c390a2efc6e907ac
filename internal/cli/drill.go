package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/app"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
)

func (w *world) drillCommand() *cobra.Command {
	var id, reason, region string
	c := &cobra.Command{Use: "drill NAME", Short: "Prove a capability on the real platform, under load", Args: cobra.ExactArgs(1),
		Long:    "Run a drill: load through the edge, the thing itself, health, verification from outside.\nExit 3 when an objective is missed.",
		Example: "  fournines drill list\n  fournines drill zone-loss -o json",
		RunE: func(c *cobra.Command, args []string) error {
			d, ok := drill.Find(app.Drills(), args[0])
			if !ok {
				return &exitError{exitUsage, fmt.Errorf("no drill %q; `fournines drill list` shows them", args[0])}
			}
			if id == "" {
				id = control.NewID(d.Name)
			}
			return w.drill(c.Context(), d, id, reason, region)
		}}
	f := c.Flags()
	f.StringVar(&id, "id", "", "id of the report")
	f.StringVar(&reason, "reason", "drill by hand", "why; it is kept in the journal")
	f.StringVar(&region, "region", "us-east-1", "region to drill")
	_ = f.MarkHidden("id") // it exists
	c.AddCommand(w.drillList())
	return c
}

func (w *world) drillList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the drills", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		t := table{head: []string{"DRILL", "ROWS", "DOES", "BLAST RADIUS", "VERIFIES"}, wide: 4}
		var names []string
		type info struct {
			Name        string   `json:"name"`
			Rows        []string `json:"rows"`
			Description string   `json:"description"`
			BlastRadius string   `json:"blast_radius"`
			Verifies    string   `json:"verifies"`
		}
		var all []info
		for _, d := range app.Drills() {
			t.rows = append(t.rows, []string{d.Name, strings.Join(d.Rows, ","), d.Description, d.BlastRadius, d.Verifies})
			names = append(names, d.Name)
			all = append(all, info{d.Name, d.Rows, d.Description, d.BlastRadius, d.Verifies})
		}
		return w.print(map[string]any{"items": all}, t, names)
	}}
}

func (w *world) drill(ctx context.Context, d drill.Drill, id, reason, region string) error {
	client, err := w.client()
	if err != nil {
		return err
	}
	env, err := app.DrillEnv(w.data, region, id, client)
	if err != nil {
		return err
	}
	env.Actor, env.Reason, env.Log = client.Actor, reason, slog.New(slog.DiscardHandler)
	t := newTree(w.err)
	if w.output != "json" || os.Getenv(detachedEnv) == "" {
		env.Progress = func(r drill.Report) { t.draw(drillLines(r)) }
	}
	report, err := d.Execute(ctx, env)
	if err != nil {
		return err
	}
	rows := table{head: []string{"OBJECTIVE", "TARGET", "MEASURED", "UNIT", "MET"}}
	for _, o := range report.Objectives {
		met := "yes"
		if !o.Met {
			met = "NO"
		}
		sign := "≤ "
		if o.Compare == "at-least" {
			sign = "≥ "
		}
		rows.rows = append(rows.rows, []string{o.Name, sign + number(o.Target), number(o.Measured), o.Unit, met})
	}
	if err := w.print(report, rows, []string{report.ID}); err != nil {
		return err
	}
	if report.Error != "" {
		return &exitError{exitObjective, fmt.Errorf("%s failed: %s", report.ID, report.Error)}
	}
	if report.Verdict != drill.Pass {
		return &exitError{exitObjective, fmt.Errorf("%s missed an objective; its journal entries are %d to %d", report.ID, report.Journal.First, report.Journal.Last)}
	}
	w.note("%s: pass; journal entries %d to %d", report.ID, report.Journal.First, report.Journal.Last)
	return nil
}

func number(f float64) string {
	if f == float64(int64(f)) {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

func drillLines(r drill.Report) []line {
	head := r.ID + "  " + r.Verdict
	lines := []line{{text: fmt.Sprintf("%s  %.0f s", head, time.Since(r.Begun).Seconds()), steady: r.ID}}
	for _, s := range r.Steps {
		took := ""
		if !s.Ended.IsZero() {
			took = fmt.Sprintf("%.1f s", s.Ended.Sub(s.Begun).Seconds())
		}
		glyph := map[string]string{"waiting": "·", "running": "…", "succeeded": "✔", "failed": "✘"}[s.State]
		l := line{text: fmt.Sprintf("  %s %-12s %-8s %s", glyph, s.Name, took, s.Detail)}
		if s.State != "waiting" {
			l.steady = strings.TrimRight(fmt.Sprintf("  %s %s %s", glyph, s.Name, s.Detail), " ")
		}
		lines = append(lines, l)
	}
	return lines
}
