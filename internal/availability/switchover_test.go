package availability

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// A dead leader's lock is left to the member that was wished for, never past one that is ahead
// of it, and to none by name while somebody that may lead is unknown.
func TestHeir(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	for name, c := range map[string]struct {
		change func(*PostgresView)
		want   string
		refuse string
	}{
		"the one that is wished for":                      {want: "c"},
		"another is ahead of it":                          {change: func(v *PostgresView) { v.Cluster.Members[1].Received = 101 }},
		"it does not answer":                              {change: func(v *PostgresView) { v.Cluster.Members[2].Seen = now.Add(-time.Minute) }},
		"another does not answer":                         {change: func(v *PostgresView) { v.Cluster.Members[1].Seen = now.Add(-time.Minute) }},
		"another does not answer, and its vote is needed": {change: func(v *PostgresView) { v.Cluster.Lock.Quorum, v.Cluster.Members[1].Seen = 1, now.Add(-time.Minute) }, refuse: "only 1 of [b c] answer"},
		"another is not synchronous":                      {change: func(v *PostgresView) { v.Cluster.Lock.Sync, v.Cluster.Members[1].Received = []string{"c"}, 999 }, want: "c"},
		"it is not synchronous":                           {change: func(v *PostgresView) { v.Cluster.Lock.Sync, v.Cluster.Members[2].Received = []string{"b"}, 999 }},
		"nobody is":                                       {change: func(v *PostgresView) { v.Cluster.Lock.Sync = nil }, refuse: "not a synchronous standby"},
		"the old leader is among those":                   {change: func(v *PostgresView) { v.Cluster.Lock.Sync = []string{"a", "b", "c"} }, want: "c"},
		"nothing is synchronous by policy":                {change: func(v *PostgresView) { v.Policy.Synchronous, v.Cluster.Lock.Sync = "off", nil }, want: "c"},
		"by policy, and another has more":                 {change: func(v *PostgresView) { v.Policy.Synchronous, v.Cluster.Members[1].Received = "off", 101 }},
		"by policy, and it lacks too much": {change: func(v *PostgresView) {
			v.Policy.Synchronous, v.Cluster.Members[0].Received, v.Cluster.Members[1].Received = "off", 100+spec.MaximumLag+1, 101
		}},
		"by policy, and all lack too much": {change: func(v *PostgresView) {
			v.Policy.Synchronous, v.Cluster.Members[0].Received = "off", 100+spec.MaximumLag+1
		}, refuse: "lacks 1024 KiB of what the leader had"},
		"by policy, and nobody knows how much": {change: func(v *PostgresView) { v.Policy.Synchronous, v.Cluster.Members[0].Received = "off", 0 }, refuse: "nobody knows what the leader had"},
		"it needs a new copy":                  {change: func(v *PostgresView) { v.Cluster.Members[2].Broken = now.Add(-time.Minute) }},
		"it is fenced itself for a failure":    {change: func(v *PostgresView) { v.Fences["c"] = Fence{Component: "c"} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := PostgresView{
				Policy: spec.Postgres{Synchronous: "quorum"}, Fences: map[string]Fence{},
				Cluster: fact.Postgres{Lock: fact.PostgresLock{Leader: "a", Sync: []string{"b", "c"}}, At: now, Members: []fact.PostgresMember{
					{Name: "a", ID: "a", Error: "refused", Seen: now.Add(-time.Minute), Received: 500},
					{Name: "b", ID: "b", State: "running", Seen: now, Received: 100},
					{Name: "c", ID: "c", State: "running", Seen: now, Received: 100},
				}},
			}
			if c.change != nil {
				c.change(&v)
			}
			got, err := heir(v, "c", now)
			if got.Name != c.want || (err == nil) != (c.refuse == "") || (err != nil && !strings.Contains(err.Error(), c.refuse)) {
				t.Errorf("%q, %v", got.Name, err)
			}
		})
	}
}

// lagging is a cluster whose candidate gets some bytes at each look.
type lagging struct {
	Members
	leader    fact.PostgresMember
	candidate fact.PostgresMember
	step      int64
}

func (l *lagging) Look(context.Context, string) []fact.PostgresMember {
	l.candidate.Received += l.step
	l.leader.Received++ // the server itself goes on writing
	return []fact.PostgresMember{l.leader, l.candidate}
}

// Before the old leader is ended the candidate has what it had when clients began to wait.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		members lagging
		refuse  string
	}{
		"it has everything":     {members: lagging{leader: fact.PostgresMember{Received: 100}, candidate: fact.PostgresMember{Received: 101}}},
		"it lacks some":         {members: lagging{leader: fact.PostgresMember{Received: 100}, step: 20}},
		"it never gets it":      {members: lagging{leader: fact.PostgresMember{Received: 100}}, refuse: "lacks 101 bytes"},
		"it does not answer":    {members: lagging{candidate: fact.PostgresMember{Error: "refused", Received: 900}}, refuse: "does not answer"},
		"the leader is silent":  {members: lagging{leader: fact.PostgresMember{Error: "refused"}, candidate: fact.PostgresMember{Received: 900}}, refuse: "does not answer"},
		"it was moved already":  {members: lagging{leader: fact.PostgresMember{Role: "replica", Received: 900}}},
		"there is no such name": {members: lagging{leader: fact.PostgresMember{Name: "x"}}, refuse: "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := &c.members
				if m.leader.Name == "" {
					m.leader.Name, m.candidate.Name = "a", "b"
				}
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				p := Postgres{Members: m}
				_, err := p.caughtUp(ctx, "us-east-1/postgres", chosen{From: fact.PostgresMember{Name: "a"}, To: fact.PostgresMember{Name: "b"}})
				if (err == nil) != (c.refuse == "") || (err != nil && !strings.Contains(err.Error(), c.refuse)) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// led is a lock that somebody holds.
type led struct {
	Locks
	Members
	Route
	leader string
	sync   []string
	paused bool
	holds  *int
}

func (l led) Hold(context.Context, string, string, time.Duration) error { *l.holds++; return nil }

func (l led) Read(context.Context, string) (fact.PostgresLock, error) {
	return fact.PostgresLock{Leader: l.leader, Sync: l.sync, Paused: l.paused}, nil
}

func (led) Look(context.Context, string) []fact.PostgresMember {
	return []fact.PostgresMember{{Name: "a", ID: "a"}, {Name: "b", ID: "b", Seen: time.Now(), State: "streaming"}, {Name: "c", ID: "c"}}
}

func (led) Fence(_ context.Context, f Fence) (Proof, error) {
	return Proof{By: f.Component + " " + f.Epoch}, nil
}

func (led) Lift(context.Context, string, string) error { return errors.ErrUnsupported }

// Only a leader is ended: one that has lost its lock meanwhile is left alone.
func TestOnlyALeaderIsEnded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		leader, candidate string
		sync              []string
		paused, late      bool
		fenced            bool
		refuse            string
	}{
		"it leads":                             {leader: "a", candidate: "b", sync: []string{"b"}, fenced: true},
		"it leads, and clients wait no more":   {leader: "a", candidate: "b", sync: []string{"b"}, late: true, fenced: true},
		"nobody could take its place any more": {leader: "a", candidate: "b", refuse: "no member could take over"},
		"Patroni was paused meanwhile":         {leader: "a", candidate: "b", sync: []string{"b"}, paused: true, refuse: "paused"},
		"nobody does":                          {candidate: "b", fenced: true},
		"the candidate leads":                  {leader: "b", candidate: "b"},
		"another leads, and anybody may":       {leader: "c"},
		"another leads than was asked for":     {leader: "c", candidate: "b", refuse: "not b, which was asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds, settled := 0, time.Now()
			if c.late {
				settled = settled.Add(-time.Minute)
			}
			x := led{leader: c.leader, sync: c.sync, paused: c.paused, holds: &holds}
			p := Postgres{Locks: x, Members: x, Fencer: x, Route: x, Now: time.Now, View: func(string) (PostgresView, error) {
				return PostgresView{Policy: spec.Postgres{Synchronous: "quorum"}}, nil
			}}
			run := &control.Run{Action: control.Action{Key: "switchover-1"}}
			got, err := p.endOld(t.Context(), SwitchoverArgs{Candidate: c.candidate}, chosen{From: fact.PostgresMember{Name: "a", ID: "a"}, To: fact.PostgresMember{Name: "b"}}, settled, run)
			if holds != map[bool]int{true: 1}[c.late] {
				t.Errorf("clients are held %d times", holds)
			}
			if (got == Proof{By: "a " + epoch("a", run)}) != c.fenced || (err == nil) != (c.refuse == "") || (err != nil && !strings.Contains(err.Error(), c.refuse)) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// A cluster that follows another region is not switched over.
func TestAStandbyClusterIsNotSwitchedOver(t *testing.T) {
	t.Parallel()
	a, err := control.NewAction("k", KindSwitchover, "us-west-2/postgres", SwitchoverArgs{Cluster: "us-west-2/postgres"})
	if err != nil {
		t.Fatal(err)
	}
	p := Postgres{Now: time.Now, View: func(string) (PostgresView, error) {
		return PostgresView{Source: fact.Postgres{Cluster: "us-east-1/postgres"}, Cluster: fact.Postgres{Cluster: "us-west-2/postgres", At: time.Now(), Lock: fact.PostgresLock{Standby: true, Leader: "a"}, Members: []fact.PostgresMember{
			{Name: "a", ID: "a", Seen: time.Now(), State: "streaming", Role: "standby_leader"}, {Name: "b", ID: "b", Seen: time.Now(), State: "streaming", Role: "replica"},
		}}}, nil
	}}
	v, err := p.View("")
	if r := moveReadiness(v, time.Now()); err != nil || !r.Ready || r.Follows != "us-east-1" {
		t.Fatalf("%+v %v", r, err)
	}
	if err := p.guardSwitchover(t.Context(), a); err == nil || !strings.Contains(err.Error(), "follows another region") {
		t.Error(err)
	}
}

// asynchronous is a cluster without synchronous replication: its Patroni moves the leader once it is asked.
type asynchronous struct {
	led
	moves *[]string
	lead  *string
	by    string // who leads after it was asked; empty: nobody changes
}

func (x asynchronous) Read(context.Context, string) (fact.PostgresLock, error) {
	return fact.PostgresLock{Leader: *x.lead, Lease: 1}, nil
}

func (asynchronous) Look(context.Context, string) []fact.PostgresMember {
	return []fact.PostgresMember{
		{Name: "a", ID: "a", Seen: time.Now(), Role: "primary", State: "running", Received: 100},
		{Name: "b", ID: "b", Seen: time.Now(), Role: "replica", State: "streaming", Received: 100},
	}
}

func (x asynchronous) Switchover(_ context.Context, _, leader, candidate string) error {
	*x.moves = append(*x.moves, leader+">"+candidate)
	if x.by != "" {
		*x.lead = x.by
	}
	return nil
}

func (asynchronous) Fence(context.Context, Fence) (Proof, error) {
	return Proof{}, errors.New("a fence loses what no replica has yet")
}

// Without synchronous replication a leader is ended in order, by Patroni: a fence would lose what
// comes past the edge.
func TestAnAsynchronousLeaderIsEndedInOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		leads, by, candidate string
		moves                int
		refuse               string
	}{
		"it hands its lock on":              {leads: "a", by: "b", moves: 1},
		"an earlier life has asked it":      {leads: "b"},
		"another than was asked for":        {leads: "a", by: "c", candidate: "b", moves: 1, refuse: "not b, which was asked for"},
		"Patroni does not do it":            {leads: "a", moves: 2, refuse: "has not handed its lock to b yet"},
		"Patroni is about to, or it failed": {refuse: "has not handed its lock to b yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var moves []string
				holds := 0
				x := asynchronous{led: led{holds: &holds}, moves: &moves, lead: &c.leads, by: c.by}
				p := Postgres{Locks: x, Members: x, Fencer: x, Route: x, Now: time.Now, View: func(string) (PostgresView, error) {
					return PostgresView{Policy: spec.Postgres{Synchronous: "off"}}, nil
				}}
				k := p.switchoverKind()
				run := decided(t, SwitchoverArgs{Candidate: c.candidate}, map[string]any{
					"choose": chosen{From: fact.PostgresMember{Name: "a", ID: "a"}, To: fact.PostgresMember{Name: "b", ID: "b"}}, "settle": fact.PostgresMember{Seen: time.Now()},
				})
				ctx, cancel := context.WithTimeout(t.Context(), step(&k, "fence").Timeout)
				defer cancel()
				_, err := step(&k, "fence").Do(ctx, run)
				if len(moves) != c.moves || (err == nil) != (c.refuse == "") || err != nil && !strings.Contains(err.Error(), c.refuse) {
					t.Errorf("%v, asked %v", err, moves)
				}
			})
		})
	}
}

// decided is a run as far as these steps have brought it.
func decided(t *testing.T, args any, results map[string]any) *control.Run {
	t.Helper()
	a, err := control.NewAction("switchover-1", KindSwitchover, "us-east-1/postgres", args)
	if err != nil {
		t.Fatal(err)
	}
	run, err := control.Resumed(a, results)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// The lock is handed on only of a leader that is proved to be dead: one that leads again keeps it.
func TestALivingLeaderKeepsItsLock(t *testing.T) {
	t.Parallel()
	lead := "a"
	x := asynchronous{led: led{}, lead: &lead}
	p := Postgres{Locks: x, Members: x, Now: time.Now, View: func(string) (PostgresView, error) {
		return PostgresView{Policy: spec.Postgres{Synchronous: "off"}}, nil
	}}
	for _, dead := range []bool{false, true} {
		proof := Proof{}
		if dead {
			proof.By = "node"
		}
		released := false
		p.Locks = releasing{x, &released}
		_, err := p.hand(t.Context(), decided(t, SwitchoverArgs{}, map[string]any{"choose": chosen{From: fact.PostgresMember{Name: "a", ID: "a"}}, "fence": proof}))
		if released != dead || (err == nil) != dead {
			t.Errorf("dead %v: released %v, %v", dead, released, err)
		}
	}
}

// releasing notes that a lock was released.
type releasing struct {
	asynchronous
	released *bool
}

func (x releasing) Release(context.Context, string, string, int64, string) error {
	*x.released = true
	return nil
}
