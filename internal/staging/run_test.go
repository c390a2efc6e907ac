package staging_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/platformtest/backupbed"
	"github.com/greenlang/fournines/internal/recovery"
	"github.com/greenlang/fournines/internal/staging"
)

const unproved = "that a restored server is isolated, reaches its target or ends, and leaves nothing"

// The test's binary is also what runs inside the namespace, and a runner that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		ctx := context.Background()
		switch os.Args[1] {
		case staging.EnterVerb:
			end(staging.Enter(ctx, os.Args[2], slices.DeleteFunc(os.Args[3:], func(a string) bool { return a == "--" })), 1)
		case staging.FetchVerb:
			stored, err := staging.Fetch(ctx, os.Args[2], os.Args[3], os.Args[4])
			end(err, 126)
			if !stored {
				os.Exit(staging.NotStored)
			}
			os.Exit(0)
		case "restore":
			end(restore(ctx, os.Args[2]), 1)
			os.Exit(0)
		}
	}
	s3test.Main(m)
}

func end(err error, code int) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(code)
	}
	if code == 1 {
		os.Exit(0)
	}
}

// restore is a runner in a process of its own, as the engines' user.
func restore(ctx context.Context, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var p staging.Plan
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	p.Self, p.Env, p.UID, p.GID = []string{os.Args[0]}, os.Environ(), -1, -1
	lines := json.NewEncoder(os.Stdout)
	t, err := staging.Run(ctx, p, func(is fact.RestoreProgress) { _ = lines.Encode(is) })
	o := staging.Outcome{Test: t}
	if err != nil {
		o.Error = err.Error()
	}
	return o.Keep(staging.OutcomeFile(path))
}

// The parts follow on each other: they share a server and a repository.
func TestARestoreIsLookedAt(t *testing.T) {
	t.Parallel()
	s := &story{Bed: backupbed.New(t, unproved)}
	s.prepare(t)
	for _, part := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"a restore to a time holds everything", s.clean},
		{"a gap is refused before anything is fetched", s.gap},
		{"a segment that goes after the plan", s.goes},
		{"a store that is away for a moment, or for too long", s.away},
		{"a runner that is killed", s.killed},
		{"a directory that is not a run's", s.taken},
	} {
		if !t.Run(part.name, part.do) {
			return
		}
	}
}

type story struct {
	*backupbed.Bed
	plan   staging.Plan // of a restore to the target, by this process
	wanted recovery.Wanted
	quick  string // home of an engine that gives a store up sooner
}

// prepare makes a backup, and a log that goes on past a target.
func (s *story) prepare(t *testing.T) {
	ctx := t.Context()
	space, self := enginetest.Folder(t), filepath.Join(enginetest.Folder(t), "self")
	copyProgram(t, self)
	_, sql := patroni.Member{Secrets: patroni.Secrets{Probe: "secret"}}.Bootstrap()
	for statement := range strings.SplitSeq(sql, ";\n") {
		if statement = strings.ReplaceAll(statement, "SET ROLE "+patroni.ProbeUser, ""); strings.TrimSpace(statement) != "" && !strings.HasPrefix(statement, "RESET") {
			s.Server.Exec(t, "postgres", statement)
		}
	}
	s.Server.Exec(t, "postgres", "ALTER TABLE fournines.heartbeat OWNER TO "+patroni.ProbeUser, "CREATE TABLESPACE fast LOCATION '"+space+"'",
		"CREATE TABLE ledger (id int PRIMARY KEY, filler text)", "CREATE TABLE quick (id int) TABLESPACE fast", "INSERT INTO quick SELECT generate_series(1, 1000)")
	if err := s.Engine.Create(ctx); err != nil {
		t.Fatal(err)
	}
	b, err := s.Engine.Backup(ctx, pgbackrest.Full, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Server.Exec(t, "postgres", "INSERT INTO ledger SELECT g, repeat(md5(g::text), 8) FROM generate_series(1, 20000) g")
	s.stored(t)
	s.Server.Exec(t, "postgres", "INSERT INTO ledger SELECT g, repeat(md5(g::text), 8) FROM generate_series(20001, 40000) g")
	prober := postgres.Prober{Observer: "one", User: patroni.ProbeUser, Password: "secret", Database: "postgres"}
	if got := prober.Probe(ctx, s.Server.Address, time.Minute); !got.Writable {
		t.Fatalf("no heartbeat: %+v", got)
	}
	digests, err := postgres.Admin{User: "greenlang", Database: "postgres"}.Digests(ctx, s.Server.Address, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	target := time.Now()
	s.Server.Exec(t, "postgres", "DELETE FROM ledger", "TRUNCATE quick")    // the accident
	enginetest.Await(t, "the log is stored past the target", func() error { // a store's clock counts seconds
		s.stored(t)
		c, err := s.Engine.Chain(ctx, b.Label, pgbackrest.Target{Kind: pgbackrest.At, Time: target})
		if err == nil && !c.Reached {
			err = fmt.Errorf("it is stored up to %s", c.Stored)
		}
		return err
	})
	system, err := pgbackrest.System(s.Server.Dir())
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := enginetest.User()
	s.plan = staging.Plan{
		Dir: filepath.Join(enginetest.Folder(t), "staging"), Bin: enginetest.PostgresPrograms(t, unproved), Backup: b.Label,
		Target: pgbackrest.Target{Kind: pgbackrest.At, Time: target}, Loss: target, User: "greenlang", Digests: []string{"postgres"},
		PgBackRest: s.Engine.Program, Home: s.Engine.Home, Stanza: s.Engine.Stanza,
		Alive: time.Millisecond, Self: []string{self}, Env: s.Engine.Env, UID: uid, GID: gid,
	}
	s.wanted = recovery.Wanted{
		Time: target, RPO: time.Hour, RTO: time.Hour, System: system, Timeline: 1, Roles: []string{"greenlang", patroni.ProbeUser}, Spaces: []string{"fast"},
		Tables: digests, Phases: staging.Phases(), Waived: map[string]string{recovery.ErasedAbsent: "nobody looks", recovery.AllLocked: "nobody looks"},
	}
	s.quick = s.Another(func(x *pgbackrest.Stanza) { x.Repository.Patience = 200 * time.Millisecond }).Home
}

// copyProgram lays the test's binary where the engines' user may run it.
func copyProgram(t *testing.T, to string) {
	t.Helper()
	from, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(f, from)
	if err := errors.Join(err, os.Chmod(to, 0o755), f.Close()); err != nil { //nolint:gosec // the engines' user runs it
		t.Fatal(err)
	}
}

func (s *story) stored(t *testing.T) {
	t.Helper()
	if _, err := s.Engine.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// run runs the plan; at tells in which phase something shall happen.
func (s *story) run(t *testing.T, p staging.Plan, at string, do func()) (fact.RestoreTest, error) {
	t.Helper()
	begun := false
	got, err := staging.Run(t.Context(), p, func(is fact.RestoreProgress) {
		if is.Phase == at && !begun {
			begun = true
			do()
		}
	})
	s.gone(t, p)
	return got, err
}

// gone tells whether a run has left nothing.
func (s *story) gone(t *testing.T, p staging.Plan) {
	t.Helper()
	if _, err := os.Lstat(p.Dir); !errors.Is(err, os.ErrNotExist) && !p.Keep {
		t.Errorf("the directory is still there: %v", err)
	}
	if left, err := process.Members(p.Dir); err != nil || len(left) > 0 {
		t.Errorf("processes are still there: %v, %v", left, err)
	}
	if n := len(s.Objects("archive/main/15-1/0000000*")); n != 1 {
		t.Errorf("the restored server has archived: there are %d timelines", n)
	}
}

// reach is a statement by which a server tries to reach another, and a query for what came of it:
// the exit code of the try.
const reach = `DROP TABLE IF EXISTS tried; CREATE TABLE tried (code int); COPY tried FROM PROGRAM 'bash -c "exec 3<>/dev/tcp/%s/%s" 2>/dev/null; echo $?'; SELECT max(code) FROM tried`

func (s *story) clean(t *testing.T) {
	p := s.plan
	p.Alive = 0 // as it is by default
	host, port, err := net.SplitHostPort(s.Server.Address)
	if err != nil {
		t.Fatal(err)
	}
	try := func(config string) (code int) {
		t.Helper()
		c, err := pgx.Connect(t.Context(), config+" user=greenlang dbname=postgres default_query_exec_mode=simple_protocol sslmode=disable")
		if err != nil {
			t.Error(err)
			return -1
		}
		defer c.Close(t.Context())
		all := strings.Split(fmt.Sprintf(reach, host, port), "; SELECT ")
		if _, err := c.Exec(t.Context(), all[0]); err != nil {
			t.Error(err)
		}
		if err := c.QueryRow(t.Context(), "SELECT "+all[1]).Scan(&code); err != nil {
			t.Error(err)
		}
		return code
	}
	if code := try("host=" + host + " port=" + port); code != 0 {
		t.Errorf("the production server does not reach itself (%d): the try is wrong", code)
	}
	inside := 0
	got, err := s.run(t, p, staging.PhaseExamine, func() { inside = try("host=" + p.Dir + " port=5432") })
	if err != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if inside <= 0 {
		t.Errorf("the restored server reaches the production server: %d", inside)
	}
	for _, a := range recovery.Judge(s.wanted, got) {
		if a.Outcome != recovery.Held && a.Outcome != recovery.Waived {
			t.Errorf("%s is %s: %s", a.Name, a.Outcome, a.Text)
		}
	}
	i := got.Isolation
	if i.Namespace == 0 || i.Namespace == i.Host || !slices.Equal(i.Interfaces, []string{"lo"}) || i.Routes != 0 {
		t.Errorf("%+v", i)
	}
	for _, phase := range got.Phases {
		t.Logf("%s %s", phase.Name, phase.Ended.Sub(phase.Begun))
	}
}

// segment is a stored segment that the way to the target needs: that of the target, or the one before.
func (s *story) segment(t *testing.T, before int) string {
	t.Helper()
	c, err := s.Engine.Chain(t.Context(), s.plan.Backup, s.plan.Target)
	if err != nil || c.Segments < 3 {
		t.Fatalf("%+v, %v", c, err)
	}
	all := s.Objects("archive/main/15-1/0000000100000000/*.zst")
	slices.Sort(all)
	i := slices.IndexFunc(all, func(path string) bool { return filepath.Base(path)[:24] == c.Last })
	return all[i-before]
}

func (s *story) gap(t *testing.T) {
	back := backupbed.Hide(t, s.segment(t, 1))
	defer back()
	got, err := s.run(t, s.plan, "", nil)
	if !errors.Is(err, staging.ErrGap) || len(got.Phases) != 1 || len(got.Chain.Gaps) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if broken := recovery.Failed(recovery.Judge(s.wanted, got)); !slices.ContainsFunc(broken, func(a recovery.Assertion) bool { return a.Name == recovery.LogWhole && a.Outcome == recovery.Broken }) {
		t.Errorf("%+v", broken)
	}
}

// Without a target in the log, nobody but the runner knows that the server must not stop here.
func (s *story) goes(t *testing.T) {
	for _, target := range []pgbackrest.Target{s.plan.Target, {Kind: pgbackrest.Newest}} {
		p := s.plan
		p.Target = target
		path := s.segment(t, 1)
		back := func() {}
		got, err := s.run(t, p, staging.PhaseReplay, func() { back = backupbed.Hide(t, path) })
		back()
		if err == nil || !strings.Contains(err.Error(), filepath.Base(path)[:24]) || got.Writable || got.AliveFor != 0 {
			t.Errorf("%s: %+v, %v", target.Kind, got, err)
		}
	}
}

func (s *story) away(t *testing.T) {
	p := s.plan
	p.Home, p.Target = s.quick, pgbackrest.Target{Kind: pgbackrest.Newest}
	var cuts atomic.Int32
	open := func() {}
	cut := func() {
		open = s.Gate.Set(func(r *http.Request) backupbed.Verdict {
			if backupbed.Within(r, "archive") && cuts.Add(1) <= 12 { // more than pgBackRest asks for one file
				return backupbed.Cut
			}
			return backupbed.Pass
		})
	}
	got, err := s.run(t, p, staging.PhaseReplay, cut)
	open()
	if err != nil || !got.Writable || got.Position == 0 || cuts.Load() <= 12 {
		t.Errorf("away for a moment: %+v after %d requests, %v", got, cuts.Load(), err)
	}
	p.Patience = time.Nanosecond
	got, err = s.run(t, p, staging.PhaseReplay, func() {
		open = s.Gate.Set(func(r *http.Request) backupbed.Verdict { return backupbed.Cut })
	})
	open()
	if !errors.Is(err, pgbackrest.ErrUnreachable) || got.Writable || got.AliveFor != 0 {
		t.Errorf("away for too long: %+v, %v", got, err)
	}
}

// runner starts a runner in a process of its own, which says in a file how far it is.
func (s *story) runner(t *testing.T, p staging.Plan, path string) (c *exec.Cmd, said string) {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil { //nolint:gosec // the engines' user reads it
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() // the runner has its own descriptor
	c = exec.CommandContext(t.Context(), p.Self[0], "restore", path)
	c.Env, c.Stdout, c.Stderr, c.Dir = p.Env, out, out, filepath.Dir(path)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if p.UID >= 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(p.UID), Gid: uint32(p.GID)}
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, out.Name()
}

// A runner that is killed with SIGKILL while files are fetched, and while the log is replayed: the
// next one ends what is left, and its own is whole. It runs as the engines' user, without privileges.
func (s *story) killed(t *testing.T) {
	p := s.plan
	p.Dir = filepath.Join(enginetest.Folder(t), "staging") // whose lock is the other user's
	path := filepath.Join(filepath.Dir(p.Dir), "plan.json")
	for _, folder := range []string{"/bundle/", "/archive/main/15-1/0000000100000000/"} {
		reached := make(chan struct{}, 64)
		open := s.Gate.Set(func(r *http.Request) backupbed.Verdict {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, folder) && !r.URL.Query().Has("list-type") {
				select {
				case reached <- struct{}{}:
				default:
				}
				return backupbed.Stall
			}
			return backupbed.Pass
		})
		c, said := s.runner(t, p, path)
		select {
		case <-reached:
		case <-time.After(time.Minute):
			text, err := os.ReadFile(said)
			outcome, _ := os.ReadFile(staging.OutcomeFile(path)) // there where it has ended
			t.Fatalf("nothing was asked for %s: %.2000s %s %v", folder, text, outcome, err)
		}
		if _, err := staging.Run(t.Context(), p, nil); !errors.Is(err, staging.ErrBusy) {
			t.Errorf("%s: two runs at once: %v", folder, err)
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait()
		open()
		if _, err := os.Stat(filepath.Join(p.Dir, "data")); err != nil {
			t.Errorf("%s: it was killed too early: %v", folder, err)
		}
	}
	c, said := s.runner(t, p, path)
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	phases, last := 0, ""
	for line := range strings.Lines(string(text)) {
		var is fact.RestoreProgress
		if err := json.Unmarshal([]byte(line), &is); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if is.Phase != last {
			phases++
			last = is.Phase
		}
	}
	b, err := os.ReadFile(staging.OutcomeFile(path))
	var o staging.Outcome
	if err := errors.Join(err, json.Unmarshal(b, &o)); err != nil || o.Error != "" || !o.Test.Writable || phases != len(staging.Phases()) {
		t.Errorf("%+v after %d phases: %v", o, phases, err)
	}
	w := s.wanted
	w.Waived[recovery.TargetReached] = "it is asked for a moment only"
	if broken := recovery.Failed(recovery.Judge(w, o.Test)); len(broken) > 0 {
		t.Errorf("%+v", broken)
	}
	s.gone(t, p)
}

func (s *story) taken(t *testing.T) {
	p := s.plan
	p.Keep = true
	got, err := s.run(t, p, "", nil)
	if err != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(p.Dir, "data", "PG_VERSION")); err != nil {
		t.Errorf("what is to be kept: %v", err)
	}
	if _, err := staging.Run(t.Context(), s.plan, nil); !errors.Is(err, staging.ErrHolds) {
		t.Errorf("a directory that was kept: %v", err)
	}
	if err := os.RemoveAll(p.Dir); err != nil {
		t.Fatal(err)
	}
	p.Backup = "20200101-000000F"
	p.Keep = false
	if _, err := s.run(t, p, "", nil); !errors.Is(err, pgbackrest.ErrNoBackup) {
		t.Errorf("%v", err)
	}
}
