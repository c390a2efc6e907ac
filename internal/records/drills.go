package records

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

func (x *Records) DrillCatalogue(context.Context) ([]api.DrillInfo, error) {
	var out []api.DrillInfo
	here := x.here()
	for _, d := range x.options.Drills() {
		out = append(out, api.DrillInfo{
			Reaches: d.Reaches, Lacks: d.Lacks(here),
			Name: d.Name, Description: d.Description, Rows: d.Rows, BlastRadius: d.BlastRadius, Verifies: d.Verifies,
			Command: "fournines drill " + d.Name,
		})
	}
	return out, nil
}

// RunDrill implements the doors' interface: it starts the command that a person would type, as a
// process of its own, so that the drill outlives this server.
func (x *Records) RunDrill(ctx context.Context, name, reason string) (string, error) {
	d, ok := drill.Find(x.options.Drills(), name)
	if !ok {
		return "", fmt.Errorf("no drill %q: %w", name, api.ErrNotFound)
	}
	if why := d.Lacks(x.here()); why != "" {
		return "", fmt.Errorf("%w: %s cannot run here: %s", api.ErrRefused, name, why)
	}
	if x.house.Layout.IsElsewhere(x.house.Seat) {
		return "", fmt.Errorf("%w: %s leads, on another machine than the platform; type `fournines drill %s` there", api.ErrRefused, x.house.Seat.Name, name)
	}
	if err := x.alone(ctx); err != nil {
		return "", err
	}
	if err := state.Dry(ctx); err != nil {
		return "", err
	}
	id := wing.RequestID(ctx, name)
	dir := filepath.Join(x.house.Layout.Root, "drills")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("run drill: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, id+".log"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("run drill: %w", err)
	}
	defer log.Close() //nolint:errcheck // the drill has its own descriptor
	cmd := exec.Command(x.house.Layout.Bin("fournines"), "drill", name, "--yes", "--id", id, "--reason", reason, "--data", x.house.Layout.Root, "-o", "json")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + dir, "FOURNINES_ACTOR=" + wing.Actor(ctx)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("run drill: %w", err)
	}
	go cmd.Wait() //nolint:errcheck // its verdict comes through the API
	return id, nil
}

// here is what drills find in the first region that runs here, which they are about unless a
// person names another.
func (x *Records) here() drill.Here { return wing.DrillHere(x.house.Layout, x.house.Layout.Regions[0]) }

// forgotten is how long a drill counts as running whose process died without a word.
const forgotten = 10 * time.Minute

// alone refuses a drill while another one runs.
func (x *Records) alone(ctx context.Context) error {
	reports, err := x.DrillReports(ctx)
	for _, r := range reports {
		if r.Verdict == drill.Running && time.Since(r.Begun) < forgotten {
			return fmt.Errorf("%w: drill %s runs since %s, and one runs at a time; if its process has died, it counts for %s", api.ErrRefused, r.ID, r.Begun.UTC().Format(time.TimeOnly), forgotten)
		}
	}
	return err
}

func (x *Records) RecordDrill(ctx context.Context, sequence int, r drill.Report) (drill.Report, error) {
	kind := drill.Stepped
	if sequence == 0 {
		kind = drill.Begun
	} else if r.Verdict != drill.Running {
		kind = drill.Over
	}
	x.drilling.Lock() // two drills that begin at once would each find nobody
	defer x.drilling.Unlock()
	key := drill.EntryKey(r.ID, sequence)
	if known, err := x.house.State.Get(drill.EntryPrefix+key, &struct{}{}); err == nil && !known {
		if sequence == 0 {
			if err := x.alone(ctx); err != nil {
				return r, err
			}
		}
		e, err := kind.Entry(r.ID, key, r)
		if err != nil {
			return r, err
		}
		e.Actor, e.Reason = wing.Actor(ctx), journal.Brief(r.Reason)
		if _, err := x.house.State.Append(ctx, e); err != nil {
			return r, err
		}
	} else if err != nil {
		return r, err
	}
	return x.DrillReport(ctx, r.ID)
}

func (x *Records) DrillReports(context.Context) ([]api.DrillReport, error) {
	return drill.Before(x.house.State, 0, api.PageSize)
}

// DrillReport implements the doors' interface. It reads a report that has left the state from the journal.
func (x *Records) DrillReport(ctx context.Context, id string) (api.DrillReport, error) {
	var r drill.Report
	found, err := x.house.State.Get(drill.Prefix+id, &r)
	if err == nil && !found {
		r, found, err = x.pastReport(ctx, id)
	}
	if err == nil && !found {
		err = fmt.Errorf("no drill report %q: %w", id, api.ErrNotFound)
	}
	return r, err
}
