package staging

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/fact"
)

// PostgreSQL takes a code below 126 for the end of the log: only "not stored" may be one.
func TestTheRestoreCommandEndsTheServer(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "it's 100%")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n[ \"$1,$2,$3,$4\" = wal-fetch,/run/a,F,P ] || exit 99\n[ $HOW = killed ] && kill -9 $$\nexit $HOW\n"), 0o700); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	for how, want := range map[string]int{"0": 0, "100": 1, "1": 126, "2": 126, "99": 126, "125": 126, "126": 126, "127": 126, "255": 126, "killed": 126, "missing": 126} {
		p := Plan{Self: []string{program}}
		if how == "missing" {
			p.Self[0] += "x"
		}
		command := strings.NewReplacer("%%", "%", "%f", "F", "%p", "P").Replace(p.restoreCommand("/run/a"))
		c := exec.CommandContext(t.Context(), "/bin/sh", "-c", command) //nolint:gosec // ours
		c.Env = []string{"HOW=" + how}
		_ = c.Run()
		if got := c.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: %d, want %d", how, got, want)
		}
	}
}

func TestWhatTheWayToTheTargetNeeds(t *testing.T) {
	t.Parallel()
	c := fact.WALChain{Timelines: []uint32{1, 3}, First: "0000000100000000000000FE", Last: "000000030000000100000002"}
	for file, want := range map[string]bool{
		"0000000100000000000000FD": false, "0000000100000000000000FE": true, "000000030000000100000000": true, "000000030000000100000002": true,
		"000000030000000100000003": false, "000000020000000100000000": false, "00000003.history": true, "00000001.history": false, "00000004.history": false, "x": true,
	} {
		if needed(c, file) != want {
			t.Errorf("%s: %v", file, !want)
		}
	}
	if !needed(fact.WALChain{}, "00000004.history") {
		t.Error("without a plan everything is needed")
	}
}

func TestAPlaceIsClosed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		i    fact.Isolation
		open bool
	}{
		"closed":        {fact.Isolation{Namespace: 2, Host: 1, Interfaces: []string{"lo"}}, false},
		"the host's":    {fact.Isolation{Namespace: 1, Host: 1, Interfaces: []string{"lo"}}, true},
		"unknown":       {fact.Isolation{Host: 1, Interfaces: []string{"lo"}}, true},
		"lo is up":      {fact.Isolation{Namespace: 2, Host: 1, Interfaces: []string{"lo up"}}, true},
		"another":       {fact.Isolation{Namespace: 2, Host: 1, Interfaces: []string{"lo", "eth0"}}, true},
		"nothing":       {fact.Isolation{Namespace: 2, Host: 1}, true},
		"it has routes": {fact.Isolation{Namespace: 2, Host: 1, Interfaces: []string{"lo"}, Routes: 1}, true},
	} {
		if err := closed(c.i); errors.Is(err, ErrOpen) != c.open {
			t.Errorf("%s: %v", name, err)
		}
	}
	here, err := look() // the host's own network is seen as open
	if here.Host = here.Namespace; err != nil || closed(here) == nil || here.Namespace == 0 {
		t.Errorf("%+v, %v", here, err)
	}
}

func TestAPlanThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	good := Plan{Dir: "/srv/staging", Bin: "/usr/lib/postgresql/15/bin", Backup: "b", User: "u", PgBackRest: "/usr/bin/pgbackrest", Home: "/srv/home", Stanza: "s", Self: []string{"/x"}, UID: 1, GID: 1}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for word, change := range map[string]func(*Plan){
		`dir "staging"`:  func(p *Plan) { p.Dir = "staging" },
		`dir "/"`:        func(p *Plan) { p.Dir = "/" },
		`"/srv/../x"`:    func(p *Plan) { p.Dir = "/srv/../x" },
		"too long":       func(p *Plan) { p.Dir = "/" + strings.Repeat("x", 100) },
		"holds the home": func(p *Plan) { p.Dir = "/srv" },
		"bin":            func(p *Plan) { p.Bin = "" },
		"backup":         func(p *Plan) { p.Backup = "" },
		"user is":        func(p *Plan) { p.User = "" },
		"negative":       func(p *Plan) { p.Alive = -1 },
		"which program":  func(p *Plan) { p.Self = nil },
		"line break":     func(p *Plan) { p.Home = "/a\nb" },
	} {
		p := good
		change(&p)
		if err := p.check(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
}

func TestTheLastFailure(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	if got := lastFailure(path); got != "" {
		t.Error(got)
	}
	text := "x [1] LOG:  a\nx [2] FATAL:  recovery ended before configured recovery target was reached\nx [3] FATAL:  the database system is starting up\nx LOG:  b\n"
	if err := os.WriteFile(path, []byte(strings.Repeat("noise\n", 100_000)+text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := lastFailure(path); got != "recovery ended before configured recovery target was reached" {
		t.Error(got)
	}
}

func TestADiskIsNotFilled(t *testing.T) {
	t.Parallel()
	if err := fits("/x", 1<<30, 3<<30); err != nil {
		t.Error(err)
	}
	if err := fits("/x", 1<<30, 3<<30-1); !errors.Is(err, ErrRoom) {
		t.Error(err)
	}
}
