package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/wait"
)

func (w world) statusCommand() *cobra.Command {
	return &cobra.Command{Use: "status", Short: "Show how the platform is: in sync, healthy, available", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		s, err := w.status(c.Context())
		if err != nil {
			return err
		}
		var t verb.Table
		t.Head, t.Wide = []string{"COMPONENT", "ROLE", "SYNC", "HEALTH", "SINCE", "DETAIL", "ADDRESS", "JOURNAL"}, 6
		var names []string
		for _, r := range s.Regions {
			for _, x := range r.Components {
				t.Rows = append(t.Rows, []string{x.ID, verb.Dash(x.Role), string(x.Sync), string(x.Health), verb.Since(x.Since), x.Detail, x.Address, fmt.Sprint(x.Journal)})
				names = append(names, x.ID)
			}
		}
		if err := w.Print(s, t, names); err != nil || !w.People() {
			return err
		}
		w.summary(s)
		return nil
	}}
}

func (w world) status(ctx context.Context) (api.Status, error) {
	return verb.Get[api.Status](ctx, w.World, "/v1/status")
}

// summary says for people what the table cannot.
func (w world) summary(s api.Status) {
	a := s.Availability
	fmt.Fprintf(w.Out, "\navailability %s of customers' time, %s of %d requests, since %s; %s of the year's error budget is left\n", //nolint:errcheck // nobody is left to tell
		share(a.CustomerRatio, 4), share(a.RequestRatio, 4), a.Requests, a.Since.UTC().Format(time.RFC3339), share(a.RemainingRatio, 2))
	for _, r := range s.Regions {
		for _, x := range r.Readiness {
			fmt.Fprintln(w.Out, readinessLine(x)) //nolint:errcheck // nobody is left to tell
		}
	}
	for _, r := range s.Recovery {
		fmt.Fprintln(w.Out, r.Line(s.At)) //nolint:errcheck // nobody is left to tell
	}
	for _, f := range s.Faults {
		fmt.Fprintf(w.Out, "fault        %s on %s until %s (%s)\n", f.Kind, f.Target, f.Until.UTC().Format(time.TimeOnly), f.ID) //nolint:errcheck // nobody is left to tell
	}
	for _, f := range s.Findings {
		fmt.Fprintf(w.Out, "%-12s %s: %s\n             → %s\n", f.Severity, f.Title, f.Text, f.Command) //nolint:errcheck // nobody is left to tell
	}
}

func readinessLine(r api.Readiness) string {
	if r.Ready {
		return fmt.Sprintf("ready        %s could fail over now, from %s to %s", r.Cluster, r.Leader, strings.Join(r.Candidates, " or "))
	}
	if r.Alone {
		return fmt.Sprintf("alone        %s runs in one zone: only its partner region could take over", r.Cluster)
	}
	return fmt.Sprintf("not ready    %s could not fail over now: %s", r.Cluster, strings.Join(r.Reasons, "; "))
}

func (w world) watchCommand() *cobra.Command {
	return &cobra.Command{Use: "watch", Short: "Follow the platform live; ctrl-C ends it", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		t := verb.NewTree(w.Out)
		for {
			s, err := w.status(c.Context())
			if c.Context().Err() != nil { // after the question as after the pause
				return nil //nolint:nilerr // ctrl-C is how it ends
			}
			t.Draw(watchLines(s, err))
			wait.Sleep(c.Context(), 500*time.Millisecond)
		}
	}}
}

func watchLines(s api.Status, err error) []verb.Line {
	if err != nil {
		text := "server: " + err.Error()
		return []verb.Line{{Text: text, Steady: text}}
	}
	lines := []verb.Line{{Text: fmt.Sprintf("%s  %s  availability %s  budget left %s  journal %d",
		s.Platform, s.At.UTC().Format(time.TimeOnly), share(s.Availability.CustomerRatio, 4), share(s.Availability.RemainingRatio, 2), s.Journal.Size)}}
	for _, r := range s.Regions {
		for _, c := range r.Components {
			text := fmt.Sprintf("  %s %-22s %-13s %-11s %-11s %s", mark(c.Health), c.ID, verb.Dash(c.Role), c.Sync, c.Health, c.Detail)
			lines = append(lines, verb.Line{Text: text, Steady: fmt.Sprintf("%s is %s, %s %s", c.ID, c.Health, c.Sync, c.Role)})
		}
		for _, x := range r.Readiness {
			lines = append(lines, verb.Line{Text: "  " + readinessLine(x), Steady: readinessLine(x)})
		}
	}
	for _, f := range s.Faults {
		text := fmt.Sprintf("  fault %s on %s", f.Kind, f.Target)
		lines = append(lines, verb.Line{Text: text + fmt.Sprintf(", %.0f s left", time.Until(f.Until).Seconds()), Steady: text})
	}
	for _, o := range s.Operations {
		var text strings.Builder
		fmt.Fprintf(&text, "  %s on %s is %s", o.Kind, o.Subject, o.State)
		for _, step := range o.Steps {
			fmt.Fprintf(&text, "  %s:%s", step.Name, step.State)
		}
		lines = append(lines, verb.Line{Text: text.String(), Steady: text.String()})
	}
	return lines
}
