package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/leaks"
	"github.com/greenlang/fournines/internal/runbook"
	"github.com/greenlang/fournines/internal/runbook/door"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
	"github.com/greenlang/fournines/internal/wing"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// exercise is a runbook of the installation's own.
const exercise = `apiVersion: fournines.dev/v1
kind: Runbook
metadata: {name: exercise}
spec:
  title: Water the roses
  use: In a test.
  escalation: platform
  inputs: [{name: bed, type: text, description: Which bed.}]
  steps:
    - {name: look, title: See how dry they are., action: roses.look}
    - name: agree
      title: Two agree.
      approve: {need: 2, of: [platform], expires: 1h}
    - {name: write, title: Write it down., manual: {instructions: Write down what you saw.}}
    - {name: water, title: Water them., action: roses.water, with: {bed: "${inputs.bed}"}}
`

// garden is a server's life with a wing that waters roses.
type garden struct {
	t    *testing.T
	root string
	*Wiring
	w    wing.Wing
	mux  *http.ServeMux
	stop func()
	wet  []string // beds, in the order in which they were watered
}

func (g *garden) start() {
	t := g.t
	ctx, cancel := context.WithCancel(context.Background())
	j, err := journal.Open(filepath.Join(g.root, "journal"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h := &wing.House{Layout: place.Layout{Root: g.root, Platform: &spec.Platform{}}, Journal: j, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	g.Wiring, g.w = New(h, func() []runbook.Action {
		return []runbook.Action{
			{Name: "roses.look", Look: func(context.Context, map[string]string) (any, error) { return "dry", nil }},
			{
				Name: "roses.water", Destroys: true, Args: []runbook.Arg{{Name: "bed", Type: runbook.Text}},
				Make: func(_ context.Context, a runbook.Ask) (control.Action, error) {
					return a.NewAction("roses.water", a.Values["bed"], nil)
				},
			},
		}
	})
	if h.State, err = state.Open(ctx, j, statetest.Shelf{}, h.Log, control.Fold, g.w.Fold); err != nil {
		t.Fatal(err)
	}
	if err := g.w.Open(ctx); err != nil {
		t.Fatal(err)
	}
	water := control.Step{Name: "water", Timeout: time.Minute, Do: func(_ context.Context, r *control.Run) (any, error) {
		g.wet = append(g.wet, r.Subject)
		return nil, nil
	}}
	if h.Control, err = control.Start(ctx, control.Config{State: h.State, Kinds: []control.Kind{{Name: "roses.water", Steps: []control.Step{water}}}, Now: time.Now, Log: h.Log}); err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = g.w.Tasks[0].Do(ctx) // it ends with ctx
	}()
	g.mux = http.NewServeMux()
	api.Mount(g.mux, "test", door.Routes(g.Wiring))
	g.stop = func() {
		cancel()
		<-served
		h.Control.Close()
		h.State.Close()
		_ = j.Close()
	}
}

// call asks the API as a person does.
func (g *garden) call(who, method, path, body string, out any) int {
	g.t.Helper()
	ctx := wing.WithID(wing.WithActor(g.t.Context(), "token:"+who), "run-1")
	req := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	g.mux.ServeHTTP(answer, req)
	if out != nil && answer.Code < 300 {
		if err := json.Unmarshal(answer.Body.Bytes(), out); err != nil {
			g.t.Fatal(err)
		}
	}
	return answer.Code
}

func (g *garden) says(who, says string) int {
	g.t.Helper()
	return g.call(who, http.MethodPost, "/v1/runbook-runs/run-1/"+says, `{"reason": "seen by `+who+`"}`, nil)
}

// until waits for the run to stand as it is asked for.
func (g *garden) until(what string, is func(door.RunbookRun) bool) (r door.RunbookRun) {
	g.t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; {
		changed := g.house.State.Changed()
		if code := g.call("", http.MethodGet, "/v1/runbook-runs/run-1", "", &r); code != http.StatusOK {
			g.t.Fatal(code)
		}
		if is(r) {
			return r
		}
		if time.Now().After(end) {
			g.t.Fatalf("%s: never; it is %+v", what, r)
		}
		select {
		case <-changed:
		case <-g.t.Context().Done():
		}
	}
}

// A runbook is run through the API: it waits for people, also over a restart of the server, a
// finding says so, and it goes on as the version that it began with.
func TestARunbookIsRun(t *testing.T) {
	t.Parallel()
	g := &garden{t: t, root: t.TempDir()}
	file := filepath.Join(g.root, Folder, "exercise.yaml")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(exercise), 0o600)); err != nil {
		t.Fatal(err)
	}
	g.start()
	runs := "/v1/runbooks/exercise/runs"
	for body, want := range map[string]int{
		`{"reason": "test"}`: http.StatusConflict, `{"reason": " ", "inputs": {"bed": "roses"}}`: http.StatusUnprocessableEntity,
		`{"reason": "test", "inputs": {"bde": "roses"}}`: http.StatusConflict,
	} {
		if code := g.call("amina", http.MethodPost, runs, body, nil); code != want {
			t.Errorf("%s: %d, want %d", body, code, want)
		}
	}
	whole := `{"reason": "test", "inputs": {"bed": "roses"}}`
	if code := g.call("amina", http.MethodPost, "/v1/runbooks/none/runs", whole, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("a runbook that is not there: %d", code)
	}
	if code := g.call("amina", http.MethodPost, runs+"?dry_run=true", whole, nil); code >= 300 || g.call("", http.MethodGet, "/v1/runbook-runs/run-1", "", nil) != http.StatusNotFound {
		t.Errorf("a dry run: %d", code)
	}
	for range 2 { // a repeat is the same run
		if code := g.call("amina", http.MethodPost, runs, whole, nil); code >= 300 {
			t.Fatal(code)
		}
	}
	r := g.until("it waits for approval", func(r door.RunbookRun) bool { return r.At == "agree" && r.Person })
	if len(r.Call) == 0 || !strings.Contains(r.Call[0], "+1 555") {
		t.Errorf("nobody is called: %v", r.Call)
	}
	for _, who := range []string{"amina", "dara", ""} {
		if code := g.says(who, "approve"); code != http.StatusConflict {
			t.Errorf("%q approves: %d", who, code)
		}
	}
	if code := g.says("bo", "approve"); code >= 300 {
		t.Fatal(code)
	}
	if err := os.WriteFile(file, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	g.stop()
	g.start()
	defer func() { g.stop() }()
	found, err := g.w.Findings(time.Now())
	for _, want := range []string{"a run of the runbook exercise waits for a person", "1 of 2 approvals", "a runbook or the contacts cannot be used"} {
		if !strings.Contains(fmt.Sprint(found), want) {
			t.Errorf("no finding says %q: %+v, %v", want, found, err)
		}
	}
	if code := g.says("chen", "approve"); code >= 300 {
		t.Fatal(code)
	}
	g.until("it waits for a person's hands", func(r door.RunbookRun) bool { return r.At == "write" && r.Person })
	if code := g.says("amina", "confirm"); code >= 300 {
		t.Fatal(code)
	}
	r = g.until("it is over", func(r door.RunbookRun) bool { return !r.Ended.IsZero() })
	if r.State != runbook.Succeeded || len(r.Steps[1].Answers) != 2 || r.Steps[2].Answers[0].Note != "seen by amina" || fmt.Sprint(g.wet) != "[roses]" {
		t.Errorf("%v %+v", g.wet, r)
	}
	if code := g.says("bo", "resume"); code != http.StatusConflict {
		t.Errorf("a run that is over is resumed: %d", code)
	}
	var all struct{ Items []door.RunbookRun }
	if code := g.call("", http.MethodGet, "/v1/runbook-runs", "", &all); code != http.StatusOK || len(all.Items) != 1 {
		t.Errorf("%d: %+v", code, all)
	}
}
