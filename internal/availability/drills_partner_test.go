package availability

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/fact"
)

// outgrown is a pair of regions that the drill cuts and outgrows. Its partner is copied anew
// some time after the cut has ended.
type outgrown struct {
	exhausted // what other drills use
	MovePlatform

	mu      sync.Mutex // guards what follows
	faulty  bool
	outrun  time.Time // zero: it follows
	reached time.Time
	lies    bool // the plan says yes all the same
	never   bool // nobody copies it
	silent  bool
}

const copiesFor = 30 * time.Second

func (o *outgrown) follows() bool {
	return !o.faulty && (o.outrun.IsZero() || !o.never && !o.reached.IsZero() && time.Since(o.reached) > copiesFor)
}

func (o *outgrown) Look(ctx context.Context) (Look, error) { return o.exhausted.Look(ctx) }

func (o *outgrown) Home(context.Context) (string, MovePlan, []string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := MovePlan{Home: east, From: east, To: west, Mode: Graceful, Ready: true}
	if !o.follows() && !o.lies {
		p.Ready, p.LossBound, p.Reasons = false, unknown, []string{"it must be copied anew"}
		return east, p, []string{"it does not stream"}, nil
	}
	return east, p, nil, nil
}

func (o *outgrown) Inject(_ context.Context, kind, target string, _ time.Duration, _ string) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if kind != "region-partition" || target != east+":"+west {
		return "", errors.New("another fault")
	}
	o.faulty = true
	return "fault-1", nil
}

func (o *outgrown) Injected(context.Context, string) error { return nil }

func (o *outgrown) Clear(context.Context, string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.faulty {
		o.faulty, o.reached = false, time.Now()
	}
	return nil
}

func (o *outgrown) WAL(context.Context, string) (w fact.PostgresWAL, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w.Position, w.Partner.Active = 1000, o.follows()
	return w, nil
}

func (o *outgrown) Outgrow(context.Context, string, int64) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.faulty {
		return 0, errors.New("the partner would follow")
	}
	o.outrun = time.Now()
	return 1 << 30, nil
}

func (o *outgrown) Told(_ context.Context, code, subject string) (string, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return "it must be copied anew", code == CodeOutrun && subject == west+"/postgres" && !o.silent && !o.outrun.IsZero() && !o.follows(), nil
}

func (o *outgrown) Begun(_ context.Context, kind, subject string, _ time.Time) (int, error) {
	if kind != KindRecopy || subject != HomeSubject(east) {
		return 0, errors.New("another operation")
	}
	return 1, nil
}

// The drill fails when anything says that all is well while it is not, when nobody is told, and
// when nobody copies; however it ends, the regions reach each other.
func TestPartnerDrill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		of      *outgrown
		verdict string
		why     string
	}{
		{"all is well", &outgrown{}, drill.Pass, ""},
		{"the plan lies", &outgrown{lies: true}, drill.Fail, "said_ready_wrongly"},
		{"nobody is told", &outgrown{silent: true}, drill.Fail, "told: there is no finding partner-outrun about us-west-2/postgres"},
		{"nobody copies it", &outgrown{never: true}, drill.Fail, "rebuilt: [it must be copied anew]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, _ := drill.Find(Drills(), "partner-behind")
				load := &drill.Load{Writer: c.of, Prefix: "d", Every: 160 * time.Millisecond, Limit: 20 * time.Second, Worker: 8}
				r, err := d.Execute(t.Context(), drill.Env{ID: "d", Platform: c.of, Recorder: recorder{}, Load: load})
				load.Stop()
				if err != nil {
					t.Fatal(err)
				}
				missed := r.Error
				for _, o := range r.Objectives {
					if !o.Met {
						missed += " " + o.Name
					}
				}
				if r.Verdict != c.verdict || !strings.Contains(missed, c.why) || (c.why == "" && missed != "") {
					t.Errorf("%s, missed %q: %+v", r.Verdict, missed, r.Steps)
				}
				if c.of.faulty {
					t.Error("the regions are still cut")
				}
			})
		})
	}
}
