package cli

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/query/worker"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// TestMain makes `fournines` a command of the scripts: this very program, run again.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"fournines": func() { os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs testdata/script/*.txtar. `! exec` only says that a command failed:
// `exits CODE fournines …` says with which code.
func TestScripts(t *testing.T) {
	program, err := exec.LookPath("fournines")
	if err != nil {
		t.Fatal(err)
	}
	asks := besides(t, program)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Values[ofScript] = &kept{}
			e.Setenv("FOURNINES", program)
			e.Setenv("FOURNINES_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("FOURNINES_SERVER", "")
			e.Setenv("FOURNINES_TOKEN", "")
			return os.WriteFile(filepath.Join(e.WorkDir, "greenlang.yaml"), spec.BuiltInYAML(), 0o600)
		},
		Condition: func(cond string) (bool, error) {
			if cond != "query" {
				return false, fmt.Errorf("there is no condition %q, only query", cond)
			}
			return asks, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "edit": edit, "serve": serve, "record": record,
			"platform": begin, "trouble": trouble, "did": did, "answered": answered,
		},
	})
}

// besides puts the query worker, as make build leaves it, beside the scripts' program, and
// tells whether it is built.
func besides(t *testing.T, program string) bool {
	t.Helper()
	built, err := filepath.Abs(filepath.Join("../../bin", worker.Program))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(built); err != nil {
		return false
	}
	if err := os.Symlink(built, filepath.Join(filepath.Dir(program), worker.Program)); err != nil {
		t.Fatal(err)
	}
	return true
}

// exits CODE PROGRAM ARGS… runs a program and demands its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS…")
	}
	err := ts.Exec("sh", append([]string{"-c", `"$@"; code=$?; [ "$code" = "$0" ] || { echo "exit code $code, want $0" >&2; exit 1; }`}, args...)...)
	ts.Check(err)
}

// record DIR KIND… appends entries to the journal in DIR, and serves what it publishes
// until the script ends: its address is in the file DIR.url.
func record(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: record DIR KIND…")
	}
	j, err := journal.Open(ts.MkAbs(args[0]), time.Now)
	ts.Check(err)
	for _, kind := range args[1:] {
		_, err := j.Append(context.Background(), journal.Entry{Kind: kind})
		ts.Check(err)
	}
	ts.Check(j.Close())
	server := httptest.NewServer(j.Handler())
	ts.Defer(server.Close)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".url"), []byte(server.URL), 0o600))
}

// edit FILE OLD NEW replaces the one place where OLD is.
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if n := strings.Count(text, args[1]); n != 1 {
		ts.Fatalf("%q is %d times in %s, and should be there once", args[1], n, args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

// serve PLATFORM STATUS makes an installation of the platform file, and a server whose
// answer to GET /v1/status is the file STATUS, read anew each time. It takes no drill.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve PLATFORM STATUS")
	}
	root, status := ts.Getenv("FOURNINES_DATA"), ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(root, 0o700))
	secrets, err := place.EnsureSecrets(root)
	ts.Check(err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(rw http.ResponseWriter, r *http.Request) {
		var s api.Status
		b, err := os.ReadFile(status) //nolint:gosec // the script's own file
		if err == nil {
			err = json.Unmarshal(b, &s)
		}
		switch {
		case r.Header.Get("Authorization") != "Bearer "+secrets.Token:
			http.Error(rw, `{"title":"who are you"}`, http.StatusUnauthorized)
		case err != nil:
			http.Error(rw, err.Error(), http.StatusInternalServerError)
		default:
			_ = json.NewEncoder(rw).Encode(s) // a client that is gone fails its own test
		}
	})
	mux.HandleFunc("GET /v1/drills", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(`{"items": []}`)) })
	server := httptest.NewServer(mux)
	ts.Defer(server.Close)
	ts.Check(place.SaveInstallation(root, place.Installation{Listen: server.Listener.Addr().String(), Regions: []string{"us-east-1", "us-west-2"}}, []byte(ts.ReadFile(args[0]))))
}

// ofScript is where a script keeps its platform.
const ofScript = "platform"

// begin makes a platform, and serves its API until the script ends. FOURNINES_SERVER and
// FOURNINES_TOKEN lead to it.
func begin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: platform")
	}
	p := &platform{begun: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), erased: map[string]bool{}, answered: map[string]int{}, changed: make(chan struct{})}
	p.operations = []api.Operation{
		{ID: "evacuate-1", Kind: "home.evacuate", Subject: "us-east-1", State: "waiting-approval", Actor: "operator", Reason: "fire", Begun: p.begun},
		{ID: "switchover-9", Kind: "postgres.switchover", Subject: "us-east-1/postgres", State: "failed", Error: "no candidate", Begun: p.begun, Ended: p.begun.Add(time.Second), First: 3, Last: 8},
	}
	j, err := journal.Open(ts.MkAbs("platform.journal"), func() time.Time { return p.begun })
	ts.Check(err)
	ctx := context.Background()
	for i := range 9 {
		kind, operation := "fact.changed", ""
		if i > 6 {
			kind, operation = "fault.injected", "fault-1"
		}
		_, err := j.Append(ctx, journal.Entry{Kind: kind, Subject: "us-east-1/b", Operation: operation, Actor: "operator", Reason: "game day"})
		ts.Check(err)
	}
	ts.Check(j.Publish(ctx))
	records, err := j.Read(0, 100)
	ts.Check(err)
	for _, r := range records {
		p.entries = append(p.entries, api.Entry{Index: r.Index, Time: r.Time, Kind: r.Kind, Subject: r.Subject, Operation: r.Operation, Actor: r.Actor, Reason: r.Reason, Data: r.Data, Hash: hex.EncodeToString(r.Hash)})
	}
	p.journal = j
	server := httptest.NewServer(p.handler())
	ts.Defer(func() {
		server.Close()
		ts.Check(j.Close())
	})
	ts.Setenv("FOURNINES_SERVER", server.Listener.Addr().String())
	ts.Setenv("FOURNINES_TOKEN", token)
	ts.Value(ofScript).(*kept).platform = p
}

// kept is what the commands of one script share.
type kept struct{ platform *platform }

func platformOf(ts *testscript.TestScript) *platform {
	p := ts.Value(ofScript).(*kept).platform
	if p == nil {
		ts.Fatalf("there is no platform; begin with `platform`")
	}
	return p
}

// trouble NAME sets what is wrong with the platform.
func trouble(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: trouble lag|rollback|locks|bucket|none")
	}
	p := platformOf(ts)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = args[0]
}

// did LINE demands that the platform was asked for it; ! did LINE that it was not.
func did(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] did LINE")
	}
	p := platformOf(ts)
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.Contains(p.did, args[0]) == neg {
		ts.Fatalf("%q, and these were asked for:\n%s", args[0], strings.Join(p.did, "\n"))
	}
}

// answered REQUEST TIMES waits until the platform has answered a request that often.
func answered(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: answered 'GET /PATH' TIMES")
	}
	times, err := strconv.Atoi(args[1])
	ts.Check(err)
	platformOf(ts).await(args[0], times)
}
