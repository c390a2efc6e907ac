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
)

// exhausted is a region in which the drill takes all sessions.
type exhausted struct {
	DrillPlatform // what the drill does not use

	mu        sync.Mutex // guards what follows
	held      bool
	closed    int
	failovers int
	moved     bool // another member leads, and no operation says why
	silent    bool // nobody is told
	refused   error
}

func (e *exhausted) Look(context.Context) (Look, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	leader := east + "/a/postgres"
	if e.moved && e.closed > 0 {
		leader = east + "/b/postgres"
	}
	return Look{Region: east, Leaders: map[string]string{"postgres": leader, "redis": east + "/a/redis"}}, nil
}

func (e *exhausted) Exhaust(context.Context, string) (Exhaustion, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held = true
	return e, e.refused
}

func (e *exhausted) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held = false
	e.closed++
}

func (*exhausted) String() string { return "75 sessions" }

func (e *exhausted) Told(_ context.Context, code, subject string) (string, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return "role app", e.held && !e.silent && code == CodeConnections && subject == east+"/postgres", nil
}

func (e *exhausted) Begun(_ context.Context, kind, _ string, _ time.Time) (int, error) {
	if kind != KindFailover {
		return 0, errors.New("another kind")
	}
	return e.failovers, nil
}

// Write implements drill.Writer: everything is kept.
func (*exhausted) Write(context.Context, string) error { return nil }

func (*exhausted) Count(_ context.Context, keys []string) (map[string]int, error) {
	out := map[string]int{}
	for _, k := range keys {
		out[k] = 1
	}
	return out, nil
}

type recorder struct{}

func (recorder) Record(_ context.Context, _ int, r drill.Report) (drill.Report, error) { return r, nil }

// The drill fails when anybody took over or nobody was told, and closes its sessions however
// it ends.
func TestConnectionDrill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		of      *exhausted
		verdict string
		why     string // a part of the error, or the objective that is missed
	}{
		{"all is well", &exhausted{}, drill.Pass, ""},
		{"a failover", &exhausted{failovers: 2}, drill.Fail, "failovers"},
		{"another leads", &exhausted{moved: true}, drill.Fail, "failovers"},
		{"nobody is told", &exhausted{silent: true}, drill.Fail, "told: the finding connections-short about us-east-1/postgres is there: false"},
		{"nothing refuses", &exhausted{refused: errors.New("nothing bounds them")}, drill.Fail, "exhaust: nothing bounds them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				d, _ := drill.Find(Drills(), "connections-exhausted")
				p := c.of
				load := &drill.Load{Writer: p, Prefix: "d", Every: 160 * time.Millisecond, Limit: 20 * time.Second, Worker: 8}
				r, err := d.Execute(t.Context(), drill.Env{ID: "d", Platform: p, Recorder: recorder{}, Load: load})
				load.Stop() // a drill that failed leaves that to the end of its process
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
				if p.held || p.closed != 1 {
					t.Errorf("held %v, closed %d times", p.held, p.closed)
				}
				if held := time.Since(began); r.Verdict == drill.Pass && held < exhaustFor {
					t.Errorf("all was over after %v", held)
				}
			})
		})
	}
}
