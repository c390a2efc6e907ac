package fault

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/process"
)

// The test binary is its own guard: TestMain hands over when asked.
func TestMain(m *testing.M) {
	if path := os.Getenv("FOURNINES_TEST_GUARD"); path == "1" && len(os.Args) > 1 {
		if err := Guard(context.Background(), os.Args[len(os.Args)-1]); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// zone makes a zone with one unit that runs, and a keeper for it.
func zone(t *testing.T) (Keeper, string, process.Process) {
	t.Helper()
	dir := t.TempDir()
	home := filepath.Join(dir, "zone", "redis")
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := process.Start(process.Command{
		Home: home, Argv: []string{"/bin/sleep", "300"}, Log: filepath.Join(dir, "log"), PID: filepath.Join(dir, "pid"), UID: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = process.KillUnit(context.Background(), filepath.Join(dir, "zone")) })
	return Keeper{Dir: filepath.Join(dir, "faults"), Guard: []string{"/usr/bin/env", "FOURNINES_TEST_GUARD=1", os.Args[0]}}, filepath.Join(dir, "zone"), p
}

func state(t *testing.T, p process.Process) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.PID), "stat"))
	if err != nil {
		return "gone"
	}
	s := string(b)
	return strings.Fields(s[strings.LastIndexByte(s, ')')+1:])[0]
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

func TestFreezeEndsByItselfAtItsTime(t *testing.T) {
	t.Parallel()
	k, dir, p := zone(t)
	l := Lease{ID: "f1", Kind: ProcessFreeze, Zone: dir, Unit: "redis", Until: time.Now().Add(2 * time.Second)}
	if active, err := k.Ensure(l, false); err != nil || !active {
		t.Fatal(active, err)
	}
	until(t, "it never froze", func() bool { return state(t, p) == "T" })
	until(t, "it never thawed", func() bool { return state(t, p) == "S" })
	until(t, "the lease is not ended", func() bool { a, err := k.Active(); return err == nil && len(a) == 0 })
	if active, err := k.Ensure(l, false); err != nil || active {
		t.Fatalf("a lease that is over came back: %v %v", active, err)
	}
}

// The guard is killed while the process is frozen: the next sweep takes the fault back.
func TestAKilledGuardIsReplaced(t *testing.T) {
	t.Parallel()
	k, dir, p := zone(t)
	l := Lease{ID: "f2", Kind: ProcessFreeze, Zone: dir, Unit: "redis", Until: time.Now().Add(time.Hour / 12)}
	if _, err := k.Ensure(l, false); err != nil {
		t.Fatal(err)
	}
	until(t, "it never froze", func() bool { return state(t, p) == "T" })
	guards, err := process.Members(k.Dir)
	if err != nil || len(guards) != 1 {
		t.Fatalf("guards: %v %v", guards, err)
	}
	if err := guards[0].Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "the guard lives", func() bool { return !guards[0].Alive() })
	if _, err := k.Ensure(l, true); err != nil { // what a node does when the fault is cleared
		t.Fatal(err)
	}
	until(t, "it never thawed", func() bool { return state(t, p) == "S" })
}

func TestKillTakesEveryProcessOnceAndIsOver(t *testing.T) {
	t.Parallel()
	k, dir, p := zone(t)
	l := Lease{ID: "f3", Kind: ProcessKill, Zone: dir, Unit: "redis", Until: time.Now().Add(time.Minute)}
	if _, err := k.Ensure(l, false); err != nil {
		t.Fatal(err)
	}
	until(t, "it lives", func() bool { return !p.Alive() })
	until(t, "the lease is not ended", func() bool { a, err := k.Active(); return err == nil && len(a) == 0 })
}

// A zone that was killed stays down until its lease ends, and whoever is started in it dies again.
func TestZoneKillKeepsTheZoneDown(t *testing.T) {
	t.Parallel()
	k, dir, p := zone(t)
	l := Lease{ID: "f4", Kind: ZoneKill, Zone: dir, Until: time.Now().Add(time.Minute)}
	if _, err := k.Ensure(l, false); err != nil {
		t.Fatal(err)
	}
	until(t, "it lives", func() bool { return !p.Alive() })
	if !ZoneDown(dir, time.Now()) || ZoneDown(dir, time.Now().Add(2*time.Minute)) {
		t.Fatal("the marker is wrong")
	}
	q, err := process.Start(process.Command{Home: filepath.Join(dir, "redis"), Argv: []string{"/bin/sleep", "300"}, Log: filepath.Join(dir, "log"), PID: filepath.Join(dir, "pid"), UID: -1})
	if err == nil {
		until(t, "a process came up in a dead zone", func() bool { return !q.Alive() })
	}
	if _, err := k.Ensure(l, true); err != nil {
		t.Fatal(err)
	}
	until(t, "the zone is still down", func() bool { return !ZoneDown(dir, time.Now()) })
}

// The lease of a cut between regions is the cut itself: it holds while it is active, whoever
// dies, and not a moment longer than it says.
func TestACutHoldsAsLongAsItsLease(t *testing.T) {
	t.Parallel()
	k, dir, _ := zone(t)
	holds := func(now time.Time) bool {
		all, err := k.Active()
		return err == nil && len(all) == 1 && all[0].Holds(now) && all[0].Links[0] == "a>b"
	}
	l := Lease{ID: "f5", Kind: RegionPartitionOut, Zone: dir, Until: time.Now().Add(time.Minute), Links: []string{"a>b"}}
	if active, err := k.Ensure(l, false); err != nil || !active || !holds(time.Now()) {
		t.Fatalf("active %v, %v", active, err)
	}
	changed := Changed(k.Dir)
	guards, err := process.Members(k.Dir)
	if err != nil || len(guards) != 1 {
		t.Fatalf("guards: %v %v", guards, err)
	}
	if err := guards[0].Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "the guard lives", func() bool { return !guards[0].Alive() })
	if !holds(time.Now()) || holds(l.Until) {
		t.Error("it holds shorter or longer than its lease")
	}
	if active, err := k.Ensure(l, true); err != nil || active || holds(time.Now()) || !Changed(k.Dir).After(changed) {
		t.Errorf("after its end: active %v, %v; changed %v and then %v", active, err, changed, Changed(k.Dir))
	}
}

func TestBadLeasesAreRefusedInWords(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, c := range []struct {
		l   Lease
		say string
	}{
		{Lease{Kind: "melt"}, "unknown fault"},
		{Lease{Kind: ProcessKill}, "needs a component"},
		{Lease{Kind: ZoneKill, Unit: "redis"}, "needs a zone"},
		{Lease{Kind: PostmasterHang, Unit: "redis"}, "postgres component"},
		{Lease{Kind: RegionPartition}, "needs a region that others can be cut off from"},
		{Lease{Kind: RegionPartition, Links: []string{"a"}}, "FROM>TO"},
		{Lease{Kind: ZoneKill, Until: now.Add(time.Hour)}, "the longest is 10m"},
	} {
		if err := c.l.Validate(now); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%+v: %v", c.l, err)
		}
	}
}
