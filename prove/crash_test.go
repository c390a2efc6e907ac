//go:build prove

package prove

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
	"github.com/greenlang/fournines/internal/platformtest/strict"
)

// boundaries returns every point of a kind at which the server may die.
func boundaries(k control.Kind) []string {
	out := []string{k.Name + ":request:before", k.Name + ":request:after"}
	for _, s := range k.Steps {
		for _, at := range []string{"before-intent", "before-effect", "after-effect", "after-outcome"} {
			out = append(out, k.Name+":"+s.Name+":"+at)
		}
	}
	return append(out, k.Name+":end:before", k.Name+":end:after")
}

// deaths are the boundaries at which the server dies in one drill.
type deaths struct {
	drill  string
	points []string
	spared []string // objectives that need not be met
}

// TestKillAnywhere kills the server, with the engines real, at every boundary of every
// action on PostgreSQL (rows 7.1.8, 7.8.5). The drill around it must pass all the same. A
// hung postmaster is answered by us alone, never by Patroni, and then comes back: it is
// the drill in which failover and rejoin are sure to be carried out.
func TestKillAnywhere(t *testing.T) {
	var all []deaths
	for _, kind := range (availability.Postgres{}).Kinds() {
		drill := "primary-hang"
		if kind.Name == availability.KindSwitchover {
			drill = "switchover"
		}
		for _, point := range boundaries(kind) {
			all = append(all, deaths{drill: drill, points: []string{point}})
		}
	}
	killEach(t, "kill-anywhere", prepared(t, ours), all)
}

// TestKillMoves kills the server, with the engines real, at every boundary of an
// evacuation, of a region that answers and of one that is dead, and of the way home (rows
// 7.1.9, 7.8.5). A drill has both ways, and the server dies twice in each, half of the way apart: both are
// completed, nothing that was acknowledged is lost or doubled, and the journal verifies. Requests wait
// while a home moves, objects are written at their end; those that would not wait until the next server had begun are in the
// record, and no failure here.
func TestKillMoves(t *testing.T) {
	if _, err := assign.FindPrograms(t.Context(), place.EnginesRoot()); err != nil {
		strict.Skip(t, "nothing of this proof, which needs real engines", err)
	}
	var away, home []string
	for _, kind := range (availability.Mover{}).Kinds() {
		switch kind.Name {
		case availability.KindEvacuate:
			away = boundaries(kind)
		case availability.KindRestore:
			home = boundaries(kind)
		case availability.KindReserve: // no drill begins with one region and gets a second
		default:
			t.Fatalf("what shall be killed in %s?", kind.Name)
		}
	}
	var all []deaths
	for _, drill := range []string{"region-move", "region-loss"} {
		half := (max(len(away), len(home)) + 1) / 2
		for i := range half {
			d := deaths{drill: drill, spared: []string{"client_errors", "object_errors"}}
			for _, way := range [][]string{away, home} {
				for n := i; n < len(way); n += half {
					d.points = append(d.points, way[n])
				}
			}
			all = append(all, d)
		}
	}
	r := &region{Platform: platformtest.Prepare(t, pair()), t: t, who: ours}
	killEach(t, "kill-moves", r, all)
}

// killEach runs the drills, one after another on one platform, which must be whole after each.
// After a failure it begins anew, so that each failure is one of its own.
func killEach(t *testing.T, proof string, r *region, all []deaths) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("FOURNINES_CRASH_DIR", dir)
	k, up := keep(t, proof), false
	t.Cleanup(func() {
		if up {
			r.in(t).gone()
		}
	})
	for _, d := range all {
		name := d.drill + " " + strings.Join(d.points, " ")
		if !chosen(t, "PROVE_POINTS", name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			here := r.in(t)
			defer func() {
				if t.Failed() {
					here.gone()
					up = false
				}
			}()
			if !up {
				here.up()
				*r, up = *here, true
			}
			run := Run{Who: ours, Kind: name, N: 1, At: time.Now().UTC()}
			if err := here.killAt(t.Context(), dir, d, &run); err != nil {
				run.Error = err.Error()
				t.Error(err)
			}
			k.add(run)
		})
	}
}

// pair is a home region and its partner.
func pair() platformtest.Options {
	return platformtest.Options{Args: []string{"--regions", platformtest.Region + ",us-west-2"}}
}

func (r *region) killAt(ctx context.Context, dir string, d deaths, run *Run) error {
	if err := arm(dir, d.points); err != nil {
		return err
	}
	before, err := r.main(place.Server)
	if err != nil {
		return err
	}
	began := time.Now()
	report := r.Drill(d.drill)
	run.Verdict = report.Verdict
	take(report, run)
	if err := errors.Join(passed(report, d.spared), died(ctx, dir), r.replaced(before)); err != nil {
		out, _ := r.Run("journal", "list", "--kind", "step.ended", "-o", "json")
		return fmt.Errorf("%w; the newest steps in the journal: %s", err, out[max(0, len(out)-4000):])
	}
	if err := r.whole(ctx); err != nil {
		return err
	}
	run.Whole = time.Since(began).Seconds()
	if out, code := r.Run("journal", "verify"); code != 0 {
		return errors.New("the journal does not verify: " + out)
	}
	return r.finished(ctx)
}

// arm says at which points, and at no others, the server shall die.
func arm(dir string, points []string) error {
	old, err := os.ReadDir(dir)
	for _, e := range old {
		err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
	}
	for _, p := range points {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, p), nil, 0o600))
	}
	return err
}

// replaced makes sure that the server which ran before does so no more.
func (r *region) replaced(before process.Process) error {
	now, err := r.main(place.Server)
	if err == nil && now.PID == before.PID {
		err = fmt.Errorf("the server (pid %d) that should have died runs", now.PID)
	}
	return err
}

// gone stops everything and makes sure that nothing is left of it.
func (r *region) gone() {
	r.Down()
	if left, err := process.Members(r.Root); err != nil || len(left) > 0 {
		r.t.Errorf("%d processes are left after down: %v %v", len(left), left, err)
	}
}

// died waits until the server has died at each of its points: it takes the point's file
// away before it kills itself. A point that was never reached proves nothing.
func died(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, err := await(ctx, func() (struct{}, error) {
		left, err := os.ReadDir(dir)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("the server was not killed at %s", left[0].Name())
		}
		return struct{}{}, err
	})
	return err
}

// finished waits until no operation runs any more.
func (r *region) finished(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err := await(ctx, func() (api.Status, error) {
		s, err := r.Status(ctx)
		if err == nil && len(s.Operations) > 0 {
			err = errors.New(s.Operations[0].ID + " is still " + s.Operations[0].State)
		}
		return s, err
	})
	return err
}

// take copies a drill's figures.
func take(report api.DrillReport, run *Run) {
	for _, o := range report.Objectives {
		switch o.Name {
		case "writes_acknowledged":
			run.Acknowledged = int(o.Measured)
		case "writes_lost":
			run.Lost = int(o.Measured)
		case "writes_doubled":
			run.Doubled = int(o.Measured)
		case "write_gap":
			run.Gap = o.Measured
		case "detect":
			run.Detect = o.Measured
		case "recover":
			run.Recover = o.Measured
		case "client_errors":
			run.Failed = int(o.Measured)
		}
	}
}

// passed says why a drill did not pass, with some objectives spared.
func passed(report api.DrillReport, spared []string) error {
	missed := slices.ContainsFunc(report.Objectives, func(o drill.Objective) bool { return !o.Met && !slices.Contains(spared, o.Name) })
	if report.Verdict == "pass" || (report.Error == "" && len(report.Objectives) > 0 && !missed) {
		return nil
	}
	text := "drill " + report.Drill + " fails: " + report.Error
	for _, o := range report.Objectives {
		if !o.Met {
			text += fmt.Sprintf(" %s is %.2f %s, the target is %.2f;", o.Name, o.Measured, o.Unit, o.Target)
		}
	}
	for _, s := range report.Steps {
		text += fmt.Sprintf(" %s %s: %s;", s.Name, s.State, s.Detail)
	}
	return errors.New(text)
}
