package app

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/runbook"
	runbookdoor "github.com/greenlang/fournines/internal/runbook/door"
)

// The runbooks that are shipped are usable with what the wings can do, and every action that they
// may ask for is carried out by a kind of control, and stands in one of them.
func TestShippedRunbooks(t *testing.T) {
	t.Parallel()
	actions, err := runbook.NewCatalog(RunbookActions()...)
	if err != nil {
		t.Fatal(err)
	}
	l, err := runbook.Open("", actions, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(l.Names()); n < 8 {
		t.Errorf("%d runbooks are shipped", n)
	}
	asked := map[string]bool{}
	for _, name := range l.Names() {
		r, _ := l.Runbook(name)
		for _, s := range r.Spec.Steps {
			asked[s.Action] = true
		}
		text := runbook.TextOf(r, l.Around)
		if !strings.Contains(text, "CALL") || !strings.Contains(text, "+1 555") {
			t.Errorf("%s says nobody to call:\n%s", name, text)
		}
		for line := range strings.Lines(text) {
			if len([]rune(line)) > 120 {
				t.Errorf("%s has a line of %d characters: %s", name, len([]rune(line)), line)
			}
		}
	}
	for _, a := range actions {
		if !asked[a.Name] {
			t.Errorf("no shipped runbook asks for %s", a.Name)
		}
		if a.Does == "" || a.Command == "" {
			t.Errorf("%s says neither what it does nor the equal command", a.Name)
		}
	}
}

// exercise is a runbook of the installation's own.
const exercise = `apiVersion: fournines.dev/v1
kind: Runbook
metadata: {name: exercise}
spec:
  title: See that nothing is injected
  use: In a test.
  escalation: platform
  steps:
    - name: look
      title: See which faults there are.
      action: faults.look
      branches: [{when: "size(steps.look.result.faults) > 0", next: clear}]
    - name: agree
      title: Two agree.
      approve: {need: 2, of: [platform], expires: 1h}
    - {name: write, title: Write it down., manual: {instructions: Write down what you saw.}}
    - {name: none, title: See that there is none., action: faults.none, isEnd: true}
    - {name: clear, title: End it., action: fault.clear, with: {fault: "${steps.look.result.faults[0]}"}}
`

// A runbook is run through the API: it waits for people, also over a restart of the server, the
// alerts hear that it does, and it goes on as the version that it began with.
func TestARunbookIsRun(t *testing.T) {
	t.Parallel()
	x := newSiteOf(t, place.Installation{Regions: []string{"us-east-1"}}, func(text string) string { return text })
	dir := filepath.Join(x.s.Layout.Root, "runbooks")
	file := filepath.Join(dir, "exercise.yaml")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(file, []byte(exercise), 0o600)); err != nil {
		t.Fatal(err)
	}
	call := func(who, method, path string, in, out any) error {
		server := client.NewClient(x.s.Secrets.Token, x.listen)
		server.Actor = who
		return server.Call(t.Context(), method, path, "run-1", in, out)
	}
	post := func(who, says string) error {
		return call(who, http.MethodPost, "/v1/runbook-runs/run-1/"+says, map[string]any{"reason": "seen by " + who}, nil)
	}
	var r runbookdoor.RunbookRun
	until := func(what string, is func() bool) {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); ; {
			changed := x.s.State.Changed()
			if err := call("", http.MethodGet, "/v1/runbook-runs/run-1", nil, &r); err != nil {
				t.Fatal(err)
			}
			if is() {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s: never; it is %+v", what, r)
			}
			select {
			case <-changed:
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	if err := call("amina", http.MethodPost, "/v1/runbooks/exercise/runs", map[string]any{"reason": "test"}, nil); err != nil {
		t.Fatal(err)
	}
	until("it waits for approval", func() bool { return r.At == "agree" && r.Person })
	for _, who := range []string{"amina", "dara", ""} {
		if p, ok := errors.AsType[*client.Problem](post(who, "approve")); !ok || p.Status != http.StatusConflict {
			t.Errorf("%q approves: %v", who, p)
		}
	}
	if err := errors.Join(post("bo", "approve"), os.WriteFile(file, []byte("broken"), 0o600)); err != nil {
		t.Fatal(err)
	}
	x.stop()
	x.start()
	var s api.Status
	if err := call("", http.MethodGet, "/v1/status", nil, &s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a run of the runbook exercise waits for a person", "exercise.yaml:1:1"} {
		if !strings.Contains(fmt.Sprint(s.Findings), want) {
			t.Errorf("no finding says %q: %+v", want, s.Findings)
		}
	}
	if err := post("chen", "approve"); err != nil {
		t.Fatal(err)
	}
	until("it waits for a person's hands", func() bool { return r.At == "write" && r.Person })
	if err := post("amina", "confirm"); err != nil {
		t.Fatal(err)
	}
	until("it is over", func() bool { return !r.Ended.IsZero() })
	if r.State != "succeeded" || len(r.Steps[1].Answers) != 2 || r.Steps[2].Answers[0].Note != "seen by amina" {
		t.Errorf("%+v", r)
	}
	if err := post("bo", "resume"); err == nil {
		t.Error("a run that is over is resumed")
	}
}
