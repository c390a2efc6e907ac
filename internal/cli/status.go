package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
)

func (w *world) statusCommand() *cobra.Command {
	return &cobra.Command{Use: "status", Short: "Show how the platform is: in sync, healthy, available", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		s, err := w.status(c.Context())
		if err != nil {
			return err
		}
		var t table
		t.head, t.wide = []string{"COMPONENT", "ROLE", "SYNC", "HEALTH", "SINCE", "DETAIL", "ADDRESS", "JOURNAL"}, 6
		var names []string
		for _, r := range s.Regions {
			for _, x := range r.Components {
				t.rows = append(t.rows, []string{x.ID, dash(x.Role), string(x.Sync), string(x.Health), since(x.Since), x.Detail, x.Address, fmt.Sprint(x.Journal)})
				names = append(names, x.ID)
			}
		}
		if err := w.print(s, t, names); err != nil || (w.output != "table" && w.output != "wide") {
			return err
		}
		w.summary(s)
		return nil
	}}
}

func (w *world) status(ctx context.Context) (api.Status, error) {
	var s api.Status
	client, err := w.client()
	if err != nil {
		return s, err
	}
	return s, client.Call(ctx, http.MethodGet, "/v1/status", "", nil, &s)
}

// summary says for people what the table cannot.
func (w *world) summary(s api.Status) {
	a := s.Availability
	fmt.Fprintf(w.out, "\navailability %.4f %% of customers' time, %.4f %% of %d requests, since %s; %.2f %% of the year's error budget is left\n", //nolint:errcheck // nobody is left to tell
		100*a.CustomerRatio, 100*a.RequestRatio, a.Requests, a.Since.UTC().Format(time.RFC3339), 100*a.RemainingRatio)
	for _, r := range s.Regions {
		for _, x := range r.Readiness {
			fmt.Fprintln(w.out, readinessLine(x)) //nolint:errcheck // nobody is left to tell
		}
	}
	for _, f := range s.Faults {
		fmt.Fprintf(w.out, "fault        %s on %s until %s (%s)\n", f.Kind, f.Target, f.Until.UTC().Format(time.TimeOnly), f.ID) //nolint:errcheck // nobody is left to tell
	}
	for _, f := range s.Findings {
		fmt.Fprintf(w.out, "%-12s %s: %s\n             → %s\n", f.Severity, f.Title, f.Text, f.Command) //nolint:errcheck // nobody is left to tell
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

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (w *world) readinessCommand() *cobra.Command {
	return &cobra.Command{Use: "readiness", Short: "Could I fail over right now, and to whom, and if not why not", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := w.client()
		if err != nil {
			return err
		}
		var l struct {
			Items []api.Readiness `json:"items"`
		}
		if err := client.Call(c.Context(), http.MethodGet, "/v1/readiness", "", nil, &l); err != nil {
			return err
		}
		t := table{head: []string{"CLUSTER", "READY", "LEADER", "CANDIDATES", "WHY NOT"}}
		var names []string
		bad := 0
		for _, r := range l.Items {
			yes := "yes"
			switch {
			case r.Alone:
				yes = "alone"
			case !r.Ready:
				yes = "no"
				bad++
			}
			t.rows = append(t.rows, []string{r.Cluster, yes, dash(r.Leader), dash(strings.Join(r.Candidates, ",")), strings.Join(r.Reasons, "; ")})
			names = append(names, r.Cluster)
		}
		if err := w.print(l, t, names); err != nil {
			return err
		}
		if bad > 0 {
			return &exitError{exitObjective, fmt.Errorf("%d of %d clusters could not fail over now", bad, len(l.Items))}
		}
		return nil
	}}
}

func (w *world) watchCommand() *cobra.Command {
	return &cobra.Command{Use: "watch", Short: "Follow the platform live; ctrl-C ends it", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		t := newTree(w.out)
		for {
			s, err := w.status(c.Context())
			if c.Context().Err() != nil {
				return nil //nolint:nilerr // ctrl-C is how it ends
			}
			t.draw(watchLines(s, err))
			if err := nap(c.Context(), 500*time.Millisecond); err != nil {
				return nil //nolint:nilerr // ctrl-C is how it ends
			}
		}
	}}
}

func watchLines(s api.Status, err error) []line {
	if err != nil {
		text := "server: " + err.Error()
		return []line{{text, text}}
	}
	lines := []line{{text: fmt.Sprintf("%s  %s  availability %.4f %%  budget left %.2f %%  journal %d",
		s.Platform, s.At.UTC().Format(time.TimeOnly), 100*s.Availability.CustomerRatio, 100*s.Availability.RemainingRatio, s.Journal.Size)}}
	for _, r := range s.Regions {
		for _, c := range r.Components {
			text := fmt.Sprintf("  %s %-22s %-13s %-11s %-11s %s", mark(c.Health), c.ID, dash(c.Role), c.Sync, c.Health, c.Detail)
			lines = append(lines, line{text, fmt.Sprintf("%s is %s, %s %s", c.ID, c.Health, c.Sync, c.Role)})
		}
		for _, x := range r.Readiness {
			lines = append(lines, line{"  " + readinessLine(x), readinessLine(x)})
		}
	}
	for _, f := range s.Faults {
		text := fmt.Sprintf("  fault %s on %s", f.Kind, f.Target)
		lines = append(lines, line{text + fmt.Sprintf(", %.0f s left", time.Until(f.Until).Seconds()), text})
	}
	for _, o := range s.Operations {
		var text strings.Builder
		fmt.Fprintf(&text, "  %s on %s is %s", o.Kind, o.Subject, o.State)
		for _, step := range o.Steps {
			fmt.Fprintf(&text, "  %s:%s", step.Name, step.State)
		}
		lines = append(lines, line{text.String(), text.String()})
	}
	return lines
}

func (w *world) operationsCommand() *cobra.Command {
	var state, kind, subject, before string
	list := func(c *cobra.Command, _ []string) error {
		client, err := w.client()
		if err != nil {
			return err
		}
		var l struct {
			Items []api.Operation `json:"items"`
			Next  string          `json:"next,omitempty"`
		}
		if err := client.Call(c.Context(), http.MethodGet, "/v1/operations?"+query("state", state, "kind", kind, "subject", subject, "before", before), "", nil, &l); err != nil {
			return err
		}
		t := table{head: []string{"OPERATION", "KIND", "SUBJECT", "STATE", "BEGUN", "SECONDS", "REASON", "ERROR"}, wide: 7}
		var names []string
		for _, o := range l.Items {
			seconds := "-"
			if !o.Ended.IsZero() {
				seconds = fmt.Sprintf("%.2f", o.Ended.Sub(o.Begun).Seconds())
			}
			t.rows = append(t.rows, []string{o.ID, o.Kind, o.Subject, o.State, since(o.Begun), seconds, o.Reason, o.Error})
			names = append(names, o.ID)
		}
		if err := w.print(l, t, names); err != nil {
			return err
		}
		if l.Next != "" {
			w.note("more: fournines operations --before %s", l.Next)
		}
		return nil
	}
	c := &cobra.Command{Use: "operations", Short: "List what was and is being done", Args: cobra.NoArgs, RunE: list}
	f := c.Flags()
	f.StringVar(&state, "state", "", "only in this state")
	f.StringVar(&kind, "kind", "", "only of this kind")
	f.StringVar(&subject, "subject", "", "only on this subject")
	f.StringVar(&before, "before", "", "the page that follows this operation")
	c.AddCommand(&cobra.Command{Use: "show ID", Short: "Show one operation with its steps", Args: cobra.ExactArgs(1), RunE: w.showOperation})
	return c
}

func (w *world) showOperation(c *cobra.Command, args []string) error {
	client, err := w.client()
	if err != nil {
		return err
	}
	var o api.Operation
	if err := client.Call(c.Context(), http.MethodGet, "/v1/operations/"+escape(args[0]), "", nil, &o); err != nil {
		return err
	}
	if w.output == "table" || w.output == "wide" {
		fmt.Fprintf(w.out, "%s on %s: %s\nreason  %s\nactor   %s\njournal %d to %d\n", o.Kind, o.Subject, o.State, o.Reason, o.Actor, o.First, o.Last) //nolint:errcheck // nobody is left to tell
		if o.Error != "" {
			fmt.Fprintf(w.out, "error   %s\n", o.Error) //nolint:errcheck // nobody is left to tell
		}
		fmt.Fprintln(w.out) //nolint:errcheck // nobody is left to tell
	}
	return w.print(o, stepTable(o.Steps, o.Begun), []string{o.ID})
}

func stepTable(steps []api.Step, begun time.Time) table {
	t := table{head: []string{"STEP", "STATE", "AT", "SECONDS", "JOURNAL", "DETAIL"}}
	for _, s := range steps {
		at, seconds := "-", "-"
		if !s.Begun.IsZero() {
			at = fmt.Sprintf("+%.2f s", s.Begun.Sub(begun).Seconds())
		}
		if !s.Ended.IsZero() {
			seconds = fmt.Sprintf("%.2f", s.Ended.Sub(s.Begun).Seconds())
		}
		t.rows = append(t.rows, []string{s.Name, s.State, at, seconds, fmt.Sprint(s.Journal), s.Detail})
	}
	return t
}
