package relay_test

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
)

// open connects a client and insists that it is served by a member.
func open(t *testing.T, st *stand, by string) *client {
	t.Helper()
	c := dial(t, st)
	if failure := c.connect(); failure != "" {
		t.Fatalf("connect: %s", failure)
	}
	if got := c.query("SELECT 1"); got != by {
		t.Fatalf("served by %q, want %q", got, by)
	}
	return c
}

// TestFailover: the leader freezes; it keeps its sessions until another leads
// with a higher timeline; then they end in words, and the next goes there.
func TestFailover(t *testing.T) {
	t.Parallel()
	a, b := newMember(t, "a", "primary", 1), newMember(t, "b", "replica", 1)
	st := newStand(t, postgres(a, b))
	idle, busy, inside := open(t, st, "a"), open(t, st, "a"), open(t, st, "a")
	if got := inside.query("BEGIN"); got != "a" {
		t.Fatal(got)
	}
	hung := make(chan string)
	go func() { hung <- busy.query("HANG") }()
	a.freeze()
	eventually(t, "the edge is unsure", func() bool { return st.State().Unsure })
	if got := idle.query("SELECT 2"); got != "a" {
		t.Fatalf("a silent leader lost its session: %s", got)
	}
	b.set("running", "primary", 1) // the same timeline: no proof of a promotion
	if got := idle.query("SELECT 3"); got != "a" || st.State().Leader != "a" {
		t.Fatalf("the leader changed without a higher timeline: %s", got)
	}
	b.set("running", "primary", 2)
	st.led(t, "b")
	if got := idle.query("SELECT 4"); got != "57P01" {
		t.Errorf("the idle session ended with %s, want 57P01", got)
	}
	if got := inside.query("SELECT 5"); got != "57P01" {
		t.Errorf("the session within a transaction ended with %s, want 57P01", got)
	}
	if got := <-hung; got != "08007" {
		t.Errorf("the busy session ended with %s, want 08007: its statement is in doubt", got)
	}
	open(t, st, "b")
	a.thaw()
	eventually(t, "the old leader answers again", func() bool { return st.State().Members[0].Answered })
	open(t, st, "b")
	if n := st.State().Cut; n != 3 {
		t.Errorf("%d sessions were cut, want 3", n)
	}
}

// TestWait: a client that comes while nobody leads is served as soon as
// somebody does.
func TestWait(t *testing.T) {
	t.Parallel()
	a := newMember(t, "a", "replica", 1)
	st := newStand(t, postgres(a))
	served := make(chan string)
	c := dial(t, st)
	go func() { served <- c.connect() }()
	eventually(t, "one session waits", func() bool { return st.State().Waiting == 1 })
	a.set("running", "primary", 2)
	if failure := <-served; failure != "" {
		t.Fatal(failure)
	}
	a.set("stopped", "primary", 2)
	eventually(t, "nobody leads", func() bool { return st.State().Leader == "" })
}

// TestNoLeader: the wait ends with an answer that clients understand.
func TestNoLeader(t *testing.T) {
	t.Parallel()
	spec := postgres(newMember(t, "a", "replica", 1))
	spec.Policy.Wait = config.Duration(50 * time.Millisecond)
	st := newStand(t, spec)
	if got := dial(t, st).connect(); got != "57P03" {
		t.Fatalf("got %s, want 57P03", got)
	}
	if s := st.State(); s.Refused != 1 {
		t.Fatalf("%d refused", s.Refused)
	}
}

// TestRefusedLeader: Patroni says it leads, PostgreSQL is gone. Clients wait for
// the next leader; the dead sessions end.
func TestRefusedLeader(t *testing.T) {
	t.Parallel()
	a, b := newMember(t, "a", "primary", 1), newMember(t, "b", "replica", 1)
	st := newStand(t, postgres(a, b))
	old := open(t, st, "a")
	a.listener.Close()
	served := make(chan string)
	c := dial(t, st)
	go func() { served <- c.connect() }()
	if got := old.settle(new(string)); got != "57P01" {
		t.Errorf("the dead session ended with %s", got)
	}
	b.set("running", "primary", 2)
	if failure := <-served; failure != "" {
		t.Fatal(failure)
	}
	if got := c.query("SELECT 1"); got != "b" {
		t.Fatal(got)
	}
}

// TestCut: a fence drops and refuses until a higher timeline, or Uncut.
func TestCut(t *testing.T) {
	t.Parallel()
	a := newMember(t, "a", "primary", 3)
	st := newStand(t, postgres(a))
	one, two := open(t, st, "a"), open(t, st, "a")
	n, err := st.Cut("a", "it does not answer write probes")
	if err != nil || n != 2 {
		t.Fatalf("cut %d sessions, %v", n, err)
	}
	st.mu.Lock()
	why := ""
	for _, e := range st.events {
		if e.Kind == event.SessionsCut && e.Count == 2 && e.Subject == "a" {
			why += e.Detail
		}
	}
	st.mu.Unlock()
	if why != "it does not answer write probes" {
		t.Errorf("the cut is reported as %q", why)
	}
	for _, c := range []*client{one, two} {
		if got := c.query("SELECT 2"); got != "57P01" {
			t.Errorf("a cut session ended with %s", got)
		}
	}
	if a.ran() != "SELECT 1;SELECT 1" {
		t.Errorf("a fenced member ran %s", a.ran())
	}
	served := make(chan string, 1)
	c := dial(t, st)
	go func() { served <- c.connect() }()
	eventually(t, "the client waits", func() bool { return st.State().Waiting == 1 })
	if s := st.State(); !s.Members[0].Fenced || s.Leader != "" {
		t.Fatalf("not fenced: %+v", s)
	}
	a.set("running", "primary", 4)
	if failure := <-served; failure != "" {
		t.Fatal(failure)
	}
	if _, err := st.Cut("a", "again"); err != nil {
		t.Fatal(err)
	}
	if err := st.Uncut("a"); err != nil {
		t.Fatal(err)
	}
	st.led(t, "a")
	if _, err := st.Cut("nobody", ""); err == nil {
		t.Error("an unknown member was cut")
	}
}

// TestHoldAndMove: a planned switchover. Transactions finish, idle sessions and
// new ones wait; after the change nothing that waited has run anywhere.
func TestHoldAndMove(t *testing.T) {
	t.Parallel()
	a, b := newMember(t, "a", "primary", 1), newMember(t, "b", "replica", 1)
	st := newStand(t, postgres(a, b))
	idle, inside := open(t, st, "a"), open(t, st, "a")
	inside.query("BEGIN")
	st.Hold(time.Minute)
	if s := st.State(); !s.Held || s.Busy != 1 {
		t.Fatalf("held %v with %d busy, want 1", s.Held, s.Busy)
	}
	if got := inside.query("COMMIT"); got != "a" {
		t.Fatalf("the transaction did not finish: %s", got)
	}
	eventually(t, "nobody is busy", func() bool { return st.State().Busy == 0 })
	waited := st.State().Waited
	held, fresh := make(chan string), make(chan string)
	go func() { held <- idle.query("INSERT 1") }()
	newcomer := dial(t, st)
	go func() { fresh <- newcomer.connect() }()
	eventually(t, "both wait", func() bool { return st.State().Waited == waited+2 })
	a.set("running", "replica", 1)
	b.set("running", "primary", 2)
	st.led(t, "b")
	if got := <-held; got != "57P01" {
		t.Errorf("the held session ended with %s, want 57P01", got)
	}
	st.Release()
	if failure := <-fresh; failure != "" {
		t.Fatal(failure)
	}
	if got := newcomer.query("INSERT 1"); got != "b" {
		t.Fatalf("the newcomer was served by %s", got)
	}
	if a.ran() != "SELECT 1;SELECT 1;BEGIN;COMMIT" || b.ran() != "INSERT 1" {
		t.Errorf("a ran %s, b ran %s", a.ran(), b.ran())
	}
}

// TestHoldAndRelease: without a change of leader nothing is lost, and a hold
// that nobody releases ends by itself.
func TestHoldAndRelease(t *testing.T) {
	t.Parallel()
	a := newMember(t, "a", "primary", 1)
	st := newStand(t, postgres(a))
	c := open(t, st, "a")
	st.Hold(time.Minute)
	held := make(chan string)
	go func() { held <- c.query("INSERT 1") }()
	eventually(t, "the statement waits", func() bool { return st.State().Waiting == 1 })
	if a.ran() != "SELECT 1" {
		t.Fatalf("a held statement ran: %s", a.ran())
	}
	st.Release()
	if got := <-held; got != "a" {
		t.Fatal(got)
	}
	st.Hold(10 * time.Millisecond)
	if got := c.query("INSERT 2"); got != "a" {
		t.Fatal(got)
	}
	eventually(t, "both holds have ended", func() bool { return st.saw(event.HoldEnded) == 2 })
}

// TestEncryption: a refused request for TLS goes on in clear text, and is
// followed like any other.
func TestEncryption(t *testing.T) {
	t.Parallel()
	st := newStand(t, postgres(newMember(t, "a", "primary", 1)))
	c := dial(t, st)
	if _, err := c.conn.Write(opening(80877103)); err != nil {
		t.Fatal(err)
	}
	if reply, err := c.r.ReadByte(); err != nil || reply != 'N' {
		t.Fatalf("got %q, %v", reply, err)
	}
	if failure := c.connect(); failure != "" {
		t.Fatal(failure)
	}
	eventually(t, "the session is seen to be idle", func() bool {
		s := st.State()
		return s.Sessions == 1 && s.Busy == 0 && s.Opaque == 0
	})
}

// TestSilentMember: a member that hangs delays nobody.
func TestSilentMember(t *testing.T) {
	t.Parallel()
	a, b := newMember(t, "a", "primary", 1), newMember(t, "b", "replica", 1)
	b.freeze()
	spec := postgres(a, b)
	spec.Policy.PollTimeout = config.Duration(20 * time.Second)
	st := newStand(t, spec)
	open(t, st, "a")
	a.set("running", "primary", 2)
	eventually(t, "the new timeline is known", func() bool { return st.State().Term == 2 })
}
