package relay_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/relay"
	"github.com/greenlang/fournines/internal/edge/resp"
)

// enter opens a session as a role; the answer is "" or everything that the edge said.
func enter(t *testing.T, st *stand, role string) (*client, string) {
	t.Helper()
	c := dial(t, st)
	if _, err := c.conn.Write(openingAs(role, 3<<16)); err != nil {
		t.Fatal(err)
	}
	kind, body, err := readMessage(c.r)
	if err != nil {
		t.Fatal(err)
	}
	if kind == 'E' {
		return c, string(body)
	}
	if failure := c.settle(new(string)); failure != "" {
		t.Fatal(failure)
	}
	return c, ""
}

func role(st *stand, name string) relay.RoleState {
	for _, r := range st.State().Roles {
		if r.Role == name {
			return r
		}
	}
	return relay.RoleState{}
}

// TestRoleBound: a role has as many sessions as the bound says, and whoever is refused hears
// why. Others, the platform's own and requests to cancel pass.
func TestRoleBound(t *testing.T) {
	t.Parallel()
	spec := postgres(newMember(t, "a", "primary", 1))
	spec.Policy.RoleSessions, spec.Policy.Sessions, spec.Policy.Beside = 3, 5, []string{"probe"}
	st := newStand(t, spec)
	var open []*client
	for range 3 {
		c, refused := enter(t, st, "green")
		if refused != "" {
			t.Fatal(refused)
		}
		open = append(open, c)
	}
	eventually(t, "the sessions are seen to be idle", func() bool { return role(st, "green").Idle == 3 })
	for range 2 {
		_, refused := enter(t, st, "green")
		for _, part := range []string{"SFATAL\x00", "C53300\x00", `Mtoo many connections for role "green"`, "at most 3 sessions of db for one role; 3 are open, 3 of them idle"} {
			if !strings.Contains(refused, part) {
				t.Errorf("%q is not in %q", part, refused)
			}
		}
	}
	for _, other := range []string{"blue", "red"} {
		if _, refused := enter(t, st, other); refused != "" {
			t.Errorf("%s: %s", other, refused)
		}
	}
	if _, refused := enter(t, st, "yellow"); !strings.Contains(refused, "C53300\x00Msorry, too many clients already") || !strings.Contains(refused, "at most 5 sessions of db; 5 are open") {
		t.Errorf("a fourth role, beyond the bound of all: %q", refused)
	}
	for range 6 {
		if _, refused := enter(t, st, "probe"); refused != "" {
			t.Errorf("the platform's own role: %s", refused)
		}
	}
	cancel := dial(t, st)
	if _, err := cancel.conn.Write(opening(80877102)); err != nil {
		t.Fatal(err)
	}
	if left, err := io.ReadAll(cancel.r); err != nil || len(left) > 0 { // the server closes it without a word
		t.Errorf("a request to cancel was answered %q, %v", left, err)
	}
	s := st.State()
	if g := role(st, "green"); g.Sessions != 3 || g.Limit != 3 || g.Refused != 2 || s.Crowded != 3 || s.Limit != 5 || role(st, "probe").Limit != 0 {
		t.Errorf("%+v of %+v", g, s)
	}
	if n := st.saw(event.SessionsRefused); n != 2 {
		t.Errorf("%d events for two bounds", n)
	}
	open[0].conn.Close()
	eventually(t, "the place is free", func() bool { return role(st, "green").Sessions == 2 })
	if _, refused := enter(t, st, "green"); refused != "" {
		t.Errorf("with a place free: %s", refused)
	}
}

// TestRoleBoundAfterEncryption: a session that asked for TLS first counts under its role, once
// that is known, and no longer under none.
func TestRoleBoundAfterEncryption(t *testing.T) {
	t.Parallel()
	spec := postgres(newMember(t, "a", "primary", 1))
	spec.Policy.RoleSessions = 1
	st := newStand(t, spec)
	for i, want := range []string{"", "53300"} {
		c := dial(t, st)
		if _, err := c.conn.Write(opening(80877103)); err != nil {
			t.Fatal(err)
		}
		if reply, err := c.r.ReadByte(); err != nil || reply != 'N' {
			t.Fatalf("got %q, %v", reply, err)
		}
		if got := c.connect(); got != want {
			t.Fatalf("session %d: %q, want %q", i, got, want)
		}
	}
	eventually(t, "one session of the role, and none without", func() bool {
		return role(st, "green").Sessions == 1 && role(st, "").Sessions == 0
	})
}

// TestSuccessorCountsOn: a new configuration forgets no session.
func TestSuccessorCountsOn(t *testing.T) {
	t.Parallel()
	spec := postgres(newMember(t, "a", "primary", 1))
	spec.Policy.RoleSessions = 2
	st := newStand(t, spec)
	old, _ := enter(t, st, "green")
	enter(t, st, "green")
	spec.Policy.RoleSessions = 3
	next := newStandAfter(t, spec, st)
	if _, refused := enter(t, next, "green"); refused != "" {
		t.Fatal(refused)
	}
	if _, refused := enter(t, next, "green"); !strings.Contains(refused, "3 are open") {
		t.Errorf("a fourth: %q", refused)
	}
	old.conn.Close()
	eventually(t, "the old one's place is free", func() bool { return role(next, "green").Sessions == 2 })
}

// TestWhoIsNotLetIn: clients that the server does not let in take few places there; the
// others wait until one is free, and one address cannot take all.
func TestWhoIsNotLetIn(t *testing.T) {
	t.Parallel()
	a := newMember(t, "a", "primary", 1)
	a.mute = true
	spec := postgres(a)
	spec.Policy.Starting = 4 // three of them for one address
	st := newStand(t, spec)
	var strangers []*client
	for range 5 {
		c := dial(t, st)
		if _, err := c.conn.Write(opening(3 << 16)); err != nil {
			t.Fatal(err)
		}
		strangers = append(strangers, c)
	}
	eventually(t, "three are at the leader and two wait", func() bool {
		s := st.State()
		return s.Starting == 3 && s.Waiting == 2 && s.Opening == 2
	})
	a.mu.Lock()
	a.mute = false
	a.mu.Unlock()
	other := dialFrom(t, st, "127.0.0.2")
	if failure := other.connect(); failure != "" {
		t.Errorf("from another address: %s", failure)
	}
	for _, c := range strangers[:3] {
		c.conn.Close()
	}
	for _, c := range strangers[3:] {
		c.conn.Close()
	}
	eventually(t, "nobody is left but the one", func() bool {
		s := st.State()
		return s.Starting == 0 && s.Opening == 0 && role(st, "green").Sessions == 1
	})
}

// TestWhoHasLeft: a client that gave up while nobody led is not connected later.
func TestWhoHasLeft(t *testing.T) {
	t.Parallel()
	a := newMember(t, "a", "replica", 1)
	st := newStand(t, postgres(a))
	gone := dial(t, st)
	if _, err := gone.conn.Write(opening(3 << 16)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return st.State().Waiting == 1 })
	gone.conn.Close()
	eventually(t, "it is forgotten", func() bool { return st.State().Sessions == 0 })
	a.set("running", "primary", 2)
	open(t, st, "a")
	if n := role(st, "green").Sessions; n != 1 {
		t.Errorf("%d sessions at the leader, want 1", n)
	}
}

// TestWhoSaysNothing: connections that never begin are bounded, and the bound of one address
// leaves room for others.
func TestWhoSaysNothing(t *testing.T) {
	t.Parallel()
	spec := postgres(newMember(t, "a", "primary", 1))
	spec.Policy.Opening = 8
	st := newStand(t, spec)
	for range 6 {
		dial(t, st)
	}
	eventually(t, "six are there", func() bool { return st.State().Opening == 6 })
	if _, refused := enter(t, st, "green"); !strings.Contains(refused, "C53300\x00Mtoo many sessions of db are about to begin") {
		t.Errorf("a seventh from the same address: %q", refused)
	}
	if failure := dialFrom(t, st, "127.0.0.2").connect(); failure != "" {
		t.Errorf("from another address: %s", failure)
	}
}

// TestRedisBound: the service as a whole has a bound below the server's.
func TestRedisBound(t *testing.T) {
	t.Parallel()
	a := newCache(t, "a", "master")
	a.set("master", a, 1)
	st := newStand(t, config.TCPService{
		Protocol: config.Redis, Master: "main", Members: []config.Member{a.Member},
		Policy: config.TCPPolicy{Wait: config.Duration(20 * time.Second), Sessions: 2},
	})
	ask := func(c *client) string {
		if _, err := c.conn.Write(resp.Command("PING")); err != nil {
			return err.Error()
		}
		line, err := c.r.ReadString('\n')
		if err != nil {
			return err.Error()
		}
		return strings.TrimSpace(line)
	}
	one := dial(t, st)
	for _, c := range []*client{one, dial(t, st)} {
		if got := ask(c); got != "+a" {
			t.Fatal(got)
		}
	}
	if got := ask(dial(t, st)); !strings.HasPrefix(got, "-ERR max number of clients reached: the edge opens at most 2 sessions of db; 2 are open") {
		t.Errorf("a third: %s", got)
	}
	one.conn.Close()
	eventually(t, "a place is free", func() bool { return st.State().Sessions == 1 })
	if got := ask(dial(t, st)); got != "+a" {
		t.Errorf("with a place free: %s", got)
	}
}

func dialFrom(t *testing.T, st *stand, ip string) *client {
	t.Helper()
	return dialWith(t, st, &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}})
}
