//go:build prove

package prove

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/app"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/platformtest"
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

// drillFor is the drill in which an action of the kind is sure to be carried out. A
// hung postmaster is answered by us alone, never by Patroni, and then comes back.
func drillFor(kind, _ string) string {
	if kind == availability.KindSwitchover {
		return "switchover"
	}
	return "primary-hang"
}

// TestKillAnywhere kills the server, with the engines real, at every boundary of every
// action on PostgreSQL (rows 7.1.8, 7.8.5). The drill around it must pass all the same.
func TestKillAnywhere(t *testing.T) {
	killEach(t, keep(t, "kill-anywhere"), prepared(t, 128, ours), (availability.Postgres{}).Kinds(), drillFor)
}

// killEach kills the server once at each boundary of these kinds of action, in the drill in
// which the boundary is sure to be reached.
func killEach(t *testing.T, k *keeper, r *region, kinds []control.Kind, drill func(kind, point string) string) {
	t.Helper()
	for _, kind := range kinds {
		for _, point := range boundaries(kind) {
			if !chosen(t, "PROVE_POINTS", point) {
				continue
			}
			t.Run(point, func(t *testing.T) {
				t.Setenv("FOURNINES_CRASH_AT", point)
				r := r.in(t)
				run := Run{Who: ours, Kind: point, N: 1, At: time.Now().UTC()}
				if err := r.killAt(t.Context(), drill(kind.Name, point), &run); err != nil {
					run.Error = err.Error()
					t.Error(err)
				}
				k.add(run)
			})
		}
	}
}

// TestKillMoves kills the server, with the engines real, at every boundary of an
// evacuation and of the way home (rows 7.1.9, 7.8.5). The drill around it must pass all the
// same: nothing is lost, doubled or, in a graceful move, refused.
func TestKillMoves(t *testing.T) {
	if _, err := app.FindPrograms(t.Context(), app.EnginesRoot()); err != nil {
		t.Skipf("NOT PROVED: nothing of this proof, which needs real engines: %v", err)
	}
	r := &region{Platform: platformtest.Prepare(t, pair(137)), t: t, who: ours}
	killEach(t, keep(t, "kill-moves"), r, (availability.Mover{}).Kinds(), moveDrill)
}

// moveDrill is the drill in which the point means something: only a dead region is fenced.
func moveDrill(_, point string) string {
	if strings.HasPrefix(point, availability.KindEvacuate+":fence:") {
		return "region-loss"
	}
	return "region-move"
}

// pair is a home region and its partner, in this region number and the next.
func pair(number int) platformtest.Options {
	partner := fmt.Sprintf("name: us-west-2,      number: %d,", number+1)
	return platformtest.Options{
		Number: number, Args: []string{"--regions", platformtest.Region + ",us-west-2"},
		Change: func(text string) string { return strings.Replace(text, "name: us-west-2,      number: 4,", partner, 1) },
	}
}

func (r *region) killAt(ctx context.Context, drill string, run *Run) error {
	marker := filepath.Join(r.Root, "crashed")
	if err := os.Remove(marker); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r.t.Cleanup(r.gone)
	r.up()
	if err := r.armed(run.Kind); err != nil {
		return err
	}
	began := time.Now()
	report := r.Drill(drill)
	run.Verdict = report.Verdict
	take(report, run)
	if err := errors.Join(passed(report), died(ctx, marker)); err != nil {
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

// armed makes sure that the server which runs is the one that shall die: one of an
// earlier life, adopted, would never reach the point.
func (r *region) armed(point string) error {
	p, err := r.main(app.Server)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
	if err != nil {
		return fmt.Errorf("read the server's environment: %w", err)
	}
	if !strings.Contains(string(b), "FOURNINES_CRASH_AT="+point+"\x00") {
		_, has, _ := strings.Cut(string(b), "FOURNINES_CRASH_AT=")
		has, _, _ = strings.Cut(has, "\x00")
		return fmt.Errorf("the server (pid %d) was not started to die at %s, but at %q", p.PID, point, has)
	}
	return nil
}

// gone stops everything and makes sure that nothing is left of it.
func (r *region) gone() {
	r.Down()
	if left, err := process.Members(r.Root); err != nil || len(left) > 0 {
		r.t.Errorf("%d processes are left after down: %v %v", len(left), left, err)
	}
}

// died waits for the mark that the server leaves when it kills itself. Without it the
// point was never reached, and nothing is proved.
func died(ctx context.Context, marker string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, err := await(ctx, func() (os.FileInfo, error) { return os.Stat(marker) })
	if err != nil {
		return errors.Join(errors.New("the server was not killed there"), err)
	}
	return nil
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

// passed says why a drill did not pass.
func passed(report api.DrillReport) error {
	if report.Verdict == "pass" {
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
