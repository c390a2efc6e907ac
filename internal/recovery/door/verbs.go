package door

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/recovery"
	"github.com/greenlang/fournines/internal/spec"
)

// verbs are how people at a terminal reach the wing.
type verbs struct{ *verb.World }

// Verbs returns the wing's verbs for the command line.
func Verbs(w *verb.World) []verb.Grouped {
	v := verbs{w}
	c := &cobra.Command{Use: "backup", Short: "Make backups, and see what can be restored"}
	c.AddCommand(v.now(), v.list(), v.show(), v.status(), v.reach())
	return []verb.Grouped{{Group: "act", Command: c}}
}

const (
	backupsPath  = "/v1/backups"
	recoveryPath = "/v1/recovery"
)

func (v verbs) now() *cobra.Command {
	kind, region := recovery.KindFull, ""
	c := verb.Action{
		Use: "now", Short: "Make a backup of a region's PostgreSQL now, and prove that it is there", Args: cobra.NoArgs, Reason: "asked for by hand",
		Long:    "Make a backup now. It is made beside the leader, at low priority; the server then reads the repository itself,\nand only a backup that is listed there with all of the log that it needs has succeeded.",
		Example: "  fournines backup now\n  fournines backup now --region us-east-1 --type incr --reason 'before the migration'",
		Ask: func(ctx context.Context, _ []string, reason string) (*verb.Ask, error) {
			if err := spec.Among("kind of backup", kind, recovery.BackupKinds()); err != nil {
				return nil, verb.Exit(verb.Misused, err)
			}
			name, err := v.region(ctx, region)
			if err != nil {
				return nil, err
			}
			id := control.NewID("backup")
			return &verb.Ask{
				Does:   "make a " + kind + " backup of " + name + "/postgres",
				Method: http.MethodPost, Path: backupsPath, ID: id, Operation: id,
				Body:   map[string]any{"region": name, "kind": kind, "reason": reason},
				Follow: func(ctx context.Context) { v.follow(ctx, name) },
				Done:   v.made,
			}, nil
		},
	}.Verb(v.World)
	c.Flags().StringVar(&kind, "type", kind, strings.Join(recovery.BackupKinds(), " or ")+": everything, or what has changed since the newest backup")
	c.Flags().StringVar(&region, "region", "", "whose PostgreSQL; the one that leads, where there is only one")
	return c
}

// region returns the region that is meant: the only one whose cluster leads, unless it is named.
func (v verbs) region(ctx context.Context, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	all, err := verb.Get[api.List[RecoveryStatus]](ctx, v.World, recoveryPath)
	if err != nil {
		return "", err
	}
	var leads []string
	for _, s := range all.Items {
		if s.Follows == "" {
			leads = append(leads, s.Region)
		}
	}
	if len(leads) == 1 {
		return leads[0], nil
	}
	return "", verb.Exitf(verb.Misused, "--region is needed: the clusters of %d regions lead (%s)", len(leads), strings.Join(leads, ", "))
}

// follow says how far a region's backup is, until ctx ends.
func (v verbs) follow(ctx context.Context, region string) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		all, err := verb.Get[api.List[RecoveryStatus]](ctx, v.World, recoveryPath)
		if err != nil {
			continue // the operation says what is wrong
		}
		for _, s := range all.Items {
			if s.Region == region && s.Progress != nil {
				v.Note("%s", s.Progress)
			}
		}
	}
}

// String is the progress in words.
func (p BackupProgress) String() string {
	out := humanize.IBytes(uint64(max(p.Done, 0))) //nolint:gosec // it is not negative
	if p.Total > 0 {
		out += " of " + humanize.IBytes(uint64(p.Total)) //nolint:gosec // it is positive
	}
	out += fmt.Sprintf(" in %d files, %s/s", p.Files, humanize.IBytes(uint64(max(p.Rate, 0))))
	if p.Left > 0 {
		out += fmt.Sprintf(", %s left", (time.Duration(p.Left * float64(time.Second))).Round(time.Second))
	}
	return out
}

// made prints the backup that an operation proved.
func (v verbs) made(ctx context.Context, o api.Operation) error {
	all, err := verb.Get[api.List[RegionBackup]](ctx, v.World, backupsPath)
	if err != nil {
		return fmt.Errorf("%s has succeeded, and the list of backups cannot be read: %w", o.ID, err)
	}
	for _, b := range all.Items {
		if b.Operation == o.ID {
			return v.Print(b, table([]RegionBackup{b}), []string{b.Label})
		}
	}
	return fmt.Errorf("%s has succeeded, and its backup is not listed any more: see fournines operations show %s", o.ID, o.ID)
}

var head = []string{"REGION", "BACKUP", "TYPE", "ENDED", "AGE", "SIZE", "STORED", "CONTINUES", "OPERATION"}

func row(b RegionBackup) []string {
	kind := b.Kind
	if b.Damaged {
		kind += ", damaged"
	}
	return []string{b.Region, b.Label, kind, b.Ended.UTC().Format(time.RFC3339), verb.Since(b.Ended), humanize.IBytes(uint64(max(b.Size, 0))), humanize.IBytes(uint64(max(b.Stored, 0))), verb.Dash(b.Prior), verb.Dash(b.Operation)} //nolint:gosec // it is not negative
}

func table(all []RegionBackup) verb.Table {
	t := verb.Table{Head: head}
	for _, b := range all {
		t.Rows = append(t.Rows, row(b))
	}
	return t
}

func (v verbs) list() *cobra.Command {
	return verb.List[RegionBackup]{
		Use: "list", Short: "List the backups of all regions, the newest first", Path: backupsPath,
		Head: head, Row: row, Name: func(b RegionBackup) string { return b.Region + "/" + b.Label },
	}.Verb(v.World)
}

func (v verbs) show() *cobra.Command {
	region := ""
	c := &cobra.Command{Use: "show LABEL", Short: "Show a backup, and the log that follows it", Args: cobra.ExactArgs(1)}
	c.Flags().StringVar(&region, "region", "", "whose backup; the one that leads, where there is only one")
	c.RunE = func(c *cobra.Command, args []string) error {
		name, err := v.region(c.Context(), region)
		if err != nil {
			return err
		}
		d, err := verb.Get[BackupDetail](c.Context(), v.World, backupsPath+"/"+verb.Escape(name)+"/"+verb.Escape(args[0]))
		if err != nil {
			return err
		}
		t := table([]RegionBackup{d.RegionBackup})
		if err := v.Print(d, t, []string{d.Label}); err != nil || !v.People() {
			return err
		}
		fmt.Fprintf(v.Out, "\nlog          %s to %s, %d segments, the newest stored at %s\n", d.Log.First, d.Log.Last, d.Log.Segments, d.Log.Stored.UTC().Format(time.RFC3339)) //nolint:errcheck // nobody is left to tell
		for _, g := range d.Log.Gaps {
			fmt.Fprintf(v.Out, "gap          %s to %s of timeline %d: %s\n", g.First, g.Last, g.Timeline, g.Why) //nolint:errcheck // nobody is left to tell
		}
		for _, db := range d.Set.Databases {
			fmt.Fprintf(v.Out, "database     %s\n", db.Name) //nolint:errcheck // nobody is left to tell
		}
		return nil
	}
	return c
}

func (v verbs) status() *cobra.Command {
	return verb.List[RecoveryStatus]{
		Use: "status", Short: "Say of each region whether it can be restored right now, and to when", Path: recoveryPath,
		Head: []string{"REGION", "RESTORABLE", "UNTIL", "NEWEST", "AGE", "BACKUPS", "NOW", "DETAIL"},
		Row: func(s RecoveryStatus) []string {
			restorable, until, age, now := "no", "-", "-", "-"
			switch {
			case s.Ready:
				restorable = "yes"
			case s.Follows != "":
				restorable = "follows " + s.Follows
			case !s.Known:
				restorable = "unknown"
			}
			if !s.Until.IsZero() {
				until, age = s.Until.UTC().Format(time.RFC3339), verb.Since(s.NewestAt)
			}
			if s.Running {
				now = "a backup runs"
				if s.Progress != nil {
					now = s.Progress.String()
				}
			}
			return []string{s.Region, restorable, until, verb.Dash(s.Newest), age, fmt.Sprint(s.Backups), now, strings.Join(s.Reasons, "; ")}
		},
		Name: func(s RecoveryStatus) string { return s.Region },
		After: func(all []RecoveryStatus) error {
			for _, s := range all {
				if !s.Ready && s.Follows == "" {
					return verb.Exitf(verb.Missed, "%s cannot be restored as it should be: %s", s.Region, strings.Join(s.Reasons, "; "))
				}
			}
			return nil
		},
	}.Verb(v.World)
}
