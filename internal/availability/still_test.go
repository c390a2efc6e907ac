package availability

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
)

// A failover that waited for a person is right only while the same lease's holder is accused.
func TestAFailoverThatWaitedIsJudgedAnew(t *testing.T) {
	t.Parallel()
	accused := func(v *PostgresView) {
		for i := range v.Probes {
			v.Probes[i].Outcome, v.Probes[i].Misses = fact.Hangs, 3
		}
	}
	for name, c := range map[string]struct {
		change func(*PostgresView)
		gone   bool
		refuse string
	}{
		"it is as it was":              {change: accused},
		"it serves again":              {change: func(*PostgresView) {}, refuse: "0 observers accuse it now, and 2 must"},
		"another leads":                {change: func(v *PostgresView) { accused(v); v.Cluster.Lock.Leader, v.Cluster.Lock.Lease = "b", 0x52 }, gone: true, refuse: "b leads"},
		"it leads anew":                {change: func(v *PostgresView) { accused(v); v.Cluster.Lock.Lease = 0x52 }, gone: true, refuse: "another lease"},
		"nobody leads":                 {change: func(v *PostgresView) { accused(v); v.Cluster.Lock.Leader = "" }, refuse: "nobody holds the lock"},
		"the server knows nothing yet": {change: func(v *PostgresView) { *v = PostgresView{} }, refuse: "nobody knows who leads"},
		"somebody is maintaining it":   {change: func(v *PostgresView) { accused(v); v.Cluster.Lock.Paused = true }, refuse: "paused"},
		"another operation has ended it": {change: func(v *PostgresView) {
			accused(v)
			v.Fences["us-east-1/a/postgres"] = Fence{Component: "us-east-1/a/postgres"}
		}, refuse: "kept dead by another"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newStage().view
			c.change(&v)
			err := stillFailover(FailoverArgs{Cluster: "us-east-1/postgres", Member: "a", Component: "us-east-1/a/postgres", Lease: 0x51, Seen: "timeout"}, v, zero.Add(time.Second))
			if (err == nil) != (c.refuse == "") || errors.Is(err, control.ErrGone) != c.gone || err != nil && !strings.Contains(err.Error(), c.refuse) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A region that answers again is not left as one that is dead.
func TestAMoveThatWaitedIsJudgedAnew(t *testing.T) {
	t.Parallel()
	alive, dark := twin{Leads: map[string]bool{east: true}, Serving: east}, twin{Leads: map[string]bool{east: true}, Serving: east, Dark: map[string]bool{east: true}}
	for name, c := range map[string]struct {
		args   MoveArgs
		now    twin
		gone   bool
		refuse string
	}{
		"it is dark still":                 {args: MoveArgs{Mode: Ungraceful, Judged: true}, now: dark},
		"it answers again":                 {args: MoveArgs{Mode: Ungraceful, Judged: true}, now: alive, refuse: "deny this one and ask anew"},
		"it answers, and was asked for so": {args: MoveArgs{Mode: Ungraceful}, now: alive},
		"it has died since":                {args: MoveArgs{Mode: Graceful, Judged: true}, now: dark, refuse: "deny this one and ask anew"},
		"its customers are elsewhere":      {args: MoveArgs{Mode: Graceful}, now: twin{Leads: map[string]bool{west: true}, Serving: west}, gone: true, refuse: "served by us-west-2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := begin(dir, c.now); err != nil {
				t.Fatal(err)
			}
			c.args.Home, c.args.From, c.args.To = east, east, west
			v, err := readTwin(dir).view(east, west)
			if err != nil {
				t.Fatal(err)
			}
			err = stillMove(c.args, v, time.Now())
			if (err == nil) != (c.refuse == "") || errors.Is(err, control.ErrGone) != c.gone || err != nil && !strings.Contains(err.Error(), c.refuse) {
				t.Errorf("%v", err)
			}
		})
	}
}
