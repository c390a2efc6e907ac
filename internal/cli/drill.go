package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/app"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/place"
)

func (w world) drillCommand() *cobra.Command {
	var id, reason, region string
	var yes bool
	c := &cobra.Command{Use: "drill NAME", Short: "Prove a capability on the real platform, under load", Args: cobra.ExactArgs(1),
		Long:    "Run a drill: load through the edge, the thing itself, health, verification from outside. One that customers may feel\nhas its name typed, or --yes. Exit 3 when an objective is missed, 130 when ctrl-C ends it: what it did is taken back.",
		Example: "  fournines drill list\n  fournines drill zone-loss --yes -o json",
		RunE: func(c *cobra.Command, args []string) error {
			d, ok := drill.Find(app.Drills(), args[0])
			if !ok {
				return verb.Exitf(verb.Misused, "no drill %q; `fournines drill list` shows them", args[0])
			}
			if id == "" {
				id = control.NewID(d.Name)
			}
			return w.drill(c.Context(), d, id, reason, region, yes)
		}}
	f := c.Flags()
	f.StringVar(&id, "id", "", "id of the report")
	f.StringVar(&reason, "reason", "drill by hand", "why; it is kept in the journal")
	f.StringVar(&region, "region", "", "region to drill; by default the first one that runs here")
	_ = f.MarkHidden("id") // it exists
	verb.Yes(c, &yes)
	c.AddCommand(w.drillList())
	return c
}

func (w world) drillList() *cobra.Command {
	return verb.List[api.DrillInfo]{
		Use: "list", Short: "List the drills",
		Load: func(context.Context) ([]api.DrillInfo, error) {
			var all []api.DrillInfo
			for _, d := range app.Drills() {
				all = append(all, api.DrillInfo{
					Name: d.Name, Description: d.Description, Rows: d.Rows, BlastRadius: d.BlastRadius, Verifies: d.Verifies, Command: "fournines drill " + d.Name, Reaches: d.Reaches,
				})
			}
			return all, nil
		},
		Head: []string{"DRILL", "ROWS", "DOES", "BLAST RADIUS", "VERIFIES"}, Wide: 4,
		Row: func(d api.DrillInfo) []string {
			return []string{d.Name, strings.Join(d.Rows, ","), d.Description, d.BlastRadius, d.Verifies}
		},
		Name: func(d api.DrillInfo) string { return d.Name },
	}.Verb(w.World)
}

// drillable refuses a drill that cannot run here, before anything of it is recorded, and returns
// its region. The server must answer: what cannot be recorded proves nothing.
func (w world) drillable(ctx context.Context, server *client.Client, d drill.Drill, region string) (string, error) {
	_, layout, err := place.LoadInstallation(w.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("no platform runs from %s, and a drill runs on the machine of the platform: %w", w.Data, err)
	}
	if err != nil {
		return "", err
	}
	if region == "" {
		region = layout.Regions[0]
	}
	if err := layout.RunsRegion(region); err != nil {
		return "", fmt.Errorf("--region: %w", err)
	}
	if why := d.Lacks(app.DrillHere(layout, region)); why != "" {
		return "", verb.Exitf(verb.Refused, "%s cannot run here: %s", d.Name, why)
	}
	return region, server.Call(ctx, http.MethodGet, "/v1/drills", "", nil, nil)
}

func (w world) drill(ctx context.Context, d drill.Drill, id, reason, region string, yes bool) error {
	client, err := w.Client()
	if err != nil {
		return err
	}
	if region, err = w.drillable(ctx, client, d, region); err != nil {
		return err
	}
	if d.Reaches {
		if err := w.Confirm(fmt.Sprintf("drill %s in %s: it %s; it reaches %s", d.Name, region, d.Description, d.BlastRadius), d.Name, yes); err != nil {
			return err
		}
	}
	env, err := app.DrillEnv(w.Data, region, id, client)
	if err != nil {
		return err
	}
	env.Actor, env.Reason, env.Log = client.Actor, reason, slog.New(slog.DiscardHandler)
	t := verb.NewTree(w.Err)
	if w.Output != "json" || os.Getenv(detachedEnv) == "" {
		env.Progress = func(r drill.Report) { t.Draw(drillLines(r)) }
	}
	report, err := d.Execute(ctx, env)
	if err != nil {
		return err
	}
	rows := verb.Table{Head: []string{"OBJECTIVE", "TARGET", "MEASURED", "UNIT", "MET"}}
	for _, o := range report.Objectives {
		met := "yes"
		if !o.Met {
			met = "NO"
		}
		sign := "≤ "
		if o.Compare == "at-least" {
			sign = "≥ "
		}
		rows.Rows = append(rows.Rows, []string{o.Name, sign + number(o.Target), number(o.Measured), o.Unit, met})
	}
	if err := w.Print(report, rows, []string{report.ID}); err != nil {
		return err
	}
	if report.Verdict == drill.Aborted {
		return verb.Exitf(verb.Interrupted, "%s is aborted: what it did is taken back, and it proves nothing; its journal entries are %d to %d", report.ID, report.Journal.First, report.Journal.Last)
	}
	if report.Error != "" {
		return verb.Exitf(verb.Missed, "%s failed: %s", report.ID, report.Error)
	}
	if report.Verdict != drill.Pass {
		return verb.Exitf(verb.Missed, "%s missed an objective; its journal entries are %d to %d", report.ID, report.Journal.First, report.Journal.Last)
	}
	w.Note("%s: pass; journal entries %d to %d", report.ID, report.Journal.First, report.Journal.Last)
	return nil
}

func number(f float64) string {
	if f == float64(int64(f)) {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

func drillLines(r drill.Report) []verb.Line {
	head := r.ID + "  " + r.Verdict
	lines := []verb.Line{{Text: fmt.Sprintf("%s  %.0f s", head, time.Since(r.Begun).Seconds()), Steady: r.ID}}
	for _, s := range r.Steps {
		took := ""
		if !s.Ended.IsZero() {
			took = fmt.Sprintf("%.1f s", s.Ended.Sub(s.Begun).Seconds())
		}
		glyph := verb.StepMark(s.State)
		l := verb.Line{Text: fmt.Sprintf("  %s %-12s %-8s %s", glyph, s.Name, took, s.Detail)}
		if s.State != "waiting" {
			l.Steady = strings.TrimRight(fmt.Sprintf("  %s %s %s", glyph, s.Name, s.Detail), " ")
		}
		lines = append(lines, l)
	}
	return lines
}
