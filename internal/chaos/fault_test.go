package chaos

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

var zero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// board is a field in files: a node that obeys wishes at once. A fault is seen while
// its wish stands and is not cleared; each injection is counted.
type board struct {
	dir   string
	state *state.Projection
}

func (b board) Check(f Fault) error {
	if f.Target == "nowhere" {
		return errors.New("no such target")
	}
	return nil
}

func (b board) Seen(f Fault) bool { return !f.Cleared }

func (b board) Active() ([]Fault, error) {
	all, err := state.List[Fault](b.state, Prefix)
	var out []Fault
	for _, f := range all {
		if f.State != Ended {
			out = append(out, f)
		}
	}
	return out, err
}

func world(t *testing.T, kind string, wished bool, check func(Fault, int) error) crashtest.World {
	t.Helper()
	f := Fault{ID: "fault-1", Kind: "process-freeze", Target: "us-east-1/a/redis", Begun: time.Now(), Until: time.Now().Add(time.Hour)}
	a, err := control.NewAction("k", kind, f.ID, f)
	if err != nil {
		t.Fatal(err)
	}
	return crashtest.World{
		Action: a, Folds: []state.Fold{Fold},
		Setup: func(dir string) error {
			if !wished {
				return nil
			}
			j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
			if err != nil {
				return err
			}
			wish := f // several worlds are set up at once
			wish.State = Active
			e, err := faultSet.Entry(f.ID, "earlier", wish)
			if err != nil {
				return err
			}
			_, err = j.Append(t.Context(), e)
			return errors.Join(err, j.Close())
		},
		Kinds: func(dir string, s *state.Projection) []control.Kind {
			b := board{dir, s}
			go endsFaults(t, s, b)
			return Faults{Wishes: s, Platform: b, Now: time.Now}.Kinds()
		},
		Check: func(dir string, o control.Operation) error {
			if o.State != control.Succeeded {
				return fmt.Errorf("it is %s: %s", o.State, o.Error)
			}
			return checkJournal(dir, check)
		},
	}
}

// endsFaults is the loop of the server: it records what is over and left no trace.
func endsFaults(t *testing.T, s *state.Projection, b board) {
	for t.Context().Err() == nil {
		changed := s.Changed()
		active, err := b.Active()
		if err == nil {
			if entries := End(active, func(Fault) bool { return false }, time.Now()); len(entries) > 0 {
				_, _ = s.Append(t.Context(), entries...) // the process may be stopping
			}
		}
		select {
		case <-changed:
		case <-t.Context().Done():
		}
	}
}

func checkJournal(dir string, check func(Fault, int) error) error {
	d, wishes := state.NewDocs(), 0
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		return err
	}
	defer j.Close() //nolint:errcheck // only read
	rs, err := j.Read(0, 1000)
	if err != nil {
		return err
	}
	for _, r := range rs {
		if r.Kind == faultSet.Name {
			wishes++
		}
		if err := Fold(d, r); err != nil {
			return err
		}
	}
	var f Fault
	if found, err := d.Get(Prefix+"fault-1", &f); err != nil || !found {
		return fmt.Errorf("no fault in the state (%w)", err)
	}
	return check(f, wishes)
}

func TestInjectCrashAnywhere_7_5_1(t *testing.T) {
	crashtest.Run(t, world(t, KindInject, false, func(f Fault, wishes int) error {
		if wishes != 1 || f.State != Active || f.Cleared {
			return fmt.Errorf("wished %d times: %+v", wishes, f)
		}
		return nil
	}))
}

func TestClearCrashAnywhere_7_5_1(t *testing.T) {
	crashtest.Run(t, world(t, KindClear, true, func(f Fault, wishes int) error {
		if wishes != 1 || f.State != Ended || !f.Cleared {
			return fmt.Errorf("wished %d times: %+v", wishes, f)
		}
		return nil
	}))
}

func TestOnlyWhatIsOverAndLeftNoTraceEnds(t *testing.T) {
	t.Parallel()
	until := func(s int) time.Time { return zero.Add(time.Duration(s) * time.Second) }
	faults := []Fault{
		{ID: "running", State: Active, Until: until(60)},
		{ID: "over", State: Active, Until: until(5)},
		{ID: "over-but-seen", State: Active, Until: until(5)},
		{ID: "cleared", State: Active, Until: until(60), Cleared: true},
		{ID: "recorded", State: Ended, Until: until(5)},
	}
	var ids []string
	for _, e := range End(faults, func(f Fault) bool { return f.ID == "over-but-seen" }, until(10)) {
		ids = append(ids, e.Subject)
	}
	if got := strings.Join(ids, " "); got != "over cleared" {
		t.Fatalf("ended: %s", got)
	}
}
