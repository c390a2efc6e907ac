package availability

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/dustin/go-humanize"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

var zero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// stage is the cluster of a scenario. Each command of testdata changes it or asks.
type stage struct {
	now  time.Time
	view PostgresView
}

func newStage() *stage {
	p, err := spec.BuiltIn()
	if err != nil {
		panic(err)
	}
	s := &stage{now: zero}
	s.view = PostgresView{
		Policy: p.Spec.Engines.Postgres, Detection: p.Spec.Failover.Detection, Path: p.Spec.Failover.WithinRegion,
		Cluster: fact.Postgres{
			Cluster: "us-east-1/postgres", At: zero,
			Lock: fact.PostgresLock{Leader: "a", Lease: 0x51, Sync: []string{"b", "c"}, SyncOwner: "a", Quorum: 1},
		},
		Fences: map[string]Fence{}, Proved: map[string]string{}, Disks: map[string]fact.Disk{},
	}
	for _, z := range []string{"a", "b", "c"} {
		m := fact.PostgresMember{Name: z, ID: "us-east-1/" + z + "/postgres", Seen: zero, Looked: zero, Role: "replica", State: "streaming", Timeline: 1, Received: 1000, Sync: true}
		if z == "a" {
			m.Role, m.State, m.Sync = "primary", "running", false
		}
		s.view.Cluster.Members = append(s.view.Cluster.Members, m)
	}
	for _, observer := range []string{"us-east-1/b", "us-east-1/c", "server"} {
		s.view.Probes = append(s.view.Probes, fact.Probe{Observer: observer, Target: "us-east-1/a/postgres", At: zero, Outcome: fact.Serves, Since: zero, LastOK: zero, Writable: true})
	}
	return s
}

// TestPostgres plays the scenarios of testdata/postgres.txt.
func TestPostgres(t *testing.T) {
	t.Parallel()
	var s *stage
	datadriven.RunTest(t, "testdata/postgres.txt", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "healthy":
			s = newStage()
		case "after":
			wait, err := time.ParseDuration(d.CmdArgs[0].Key)
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			s.now = s.now.Add(wait)
			s.keepFresh(len(d.CmdArgs) > 1) // "quiet": the observers say nothing more
		case "set":
			for line := range strings.SplitSeq(strings.TrimSpace(d.Input), "\n") {
				s.set(t, d, strings.Fields(line))
			}
		case "decide":
			return s.decide(t)
		case "findings":
			var b strings.Builder
			for _, f := range ClusterFindings(s.view, s.view.Failovers, s.now) {
				fmt.Fprintf(&b, "%s %s on %s: %s\n  %s\n", f.Severity, f.Code, f.Subject, f.Title, f.Text)
			}
			return b.String() + "end\n"
		case "readiness":
			r := PostgresReadiness(s.view, s.now)
			return fmt.Sprintf("ready=%v leader=%s candidates=%v\n%s", r.Ready, r.Leader, r.Candidates, strings.Join(append(r.Reasons, ""), "\n"))
		default:
			d.Fatalf(t, "unknown command %s", d.Cmd)
		}
		return "ok\n"
	})
}

// keepFresh says what all who are not marked silent said again, now.
func (s *stage) keepFresh(quiet bool) {
	s.view.Cluster.At = s.now
	for i := range s.view.Cluster.Members {
		m := &s.view.Cluster.Members[i]
		if m.Looked = s.now; m.Error == "" {
			m.Seen = s.now
		}
	}
	for i := range s.view.Probes {
		if quiet {
			break
		}
		s.view.Probes[i].At = s.now
	}
}

func (s *stage) member(name string) *fact.PostgresMember {
	for i := range s.view.Cluster.Members {
		if s.view.Cluster.Members[i].Name == name {
			return &s.view.Cluster.Members[i]
		}
	}
	return &fact.PostgresMember{}
}

func (s *stage) set(t *testing.T, d *datadriven.TestData, f []string) {
	t.Helper()
	id := func(zone string) string { return "us-east-1/" + zone + "/postgres" }
	switch f[0] {
	case "unserved": // nobody has seen the primary serve yet
		for i := range s.view.Probes {
			s.view.Probes[i].LastOK = time.Time{}
		}
	case "probe": // probe OBSERVER MISSES [OUTCOME]
		misses, err := strconv.Atoi(f[2])
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		p := fact.Probe{Observer: f[1], Target: id("a"), At: s.now, Outcome: fact.Hangs, Since: s.now, Misses: misses, Error: "timeout", LastOK: zero}
		if len(f) > 3 {
			p.Outcome, p.Error = fact.Outcome(f[3]), "too many clients already"
			if m := s.member("a"); p.Outcome == fact.Gone && m.State == "running" {
				m.State = "unknown" // as its Patroni says of a server that answers it no more
			}
		}
		s.view.Probes = append(slices.DeleteFunc(s.view.Probes, func(old fact.Probe) bool { return old.Observer == p.Observer }), p)
	case "full": // full OBSERVER FOR: so long has the primary told it that it can store nothing
		lasted, err := time.ParseDuration(f[2])
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		p := fact.Probe{Observer: f[1], Target: id("a"), At: s.now, Outcome: fact.Full, Since: s.now.Add(-lasted), Error: "could not write to file: No space left on device (SQLSTATE 53100)", LastOK: zero}
		s.view.Probes = append(slices.DeleteFunc(s.view.Probes, func(old fact.Probe) bool { return old.Observer == p.Observer }), p)
	case "barred", "ending": // barred OBSERVER FOR: so long has the primary taken no write of it, or ending: no session
		lasted, err := time.ParseDuration(f[2])
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		p := fact.Probe{Observer: f[1], Target: id("a"), At: s.now, Outcome: fact.Serves, Since: zero, LastOK: zero, Barred: s.now.Add(-lasted), Error: "cannot execute INSERT in a read-only transaction"}
		if f[0] == "ending" {
			p.Outcome, p.Since, p.Barred, p.Error = fact.Refuses, s.now.Add(-lasted), time.Time{}, "FATAL: the database system is shutting down (SQLSTATE 57P03)"
		}
		s.view.Probes = append(slices.DeleteFunc(s.view.Probes, func(old fact.Probe) bool { return old.Observer == p.Observer }), p)
	case "disk": // disk NAME FREE SIZE, in bytes
		free, err1 := humanize.ParseBytes(f[2])
		size, err2 := humanize.ParseBytes(f[3])
		if err := errors.Join(err1, err2); err != nil {
			d.Fatalf(t, "%v", err)
		}
		s.view.Disks[id(f[1])] = fact.Disk{ID: f[1], Free: int64(free), Size: int64(size), At: s.now} //nolint:gosec // small
	case "failovers": // failovers AGO …, of this cluster
		var past []control.Operation
		for _, ago := range f[1:] {
			d, err := time.ParseDuration(ago)
			if err != nil {
				t.Fatal(err)
			}
			past = append(past, control.Operation{Action: control.Action{Kind: KindFailover, Args: []byte("{}")}, State: control.Succeeded, Begun: s.now.Add(-d)})
		}
		s.view.Failovers = CountFailovers(past, s.now)
	case "restarting": // restarting NAME AGO: its Patroni says so since then
		ago, err := time.ParseDuration(f[2])
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		s.member(f[1]).Restarting, s.member(f[1]).State = s.now.Add(-ago), "restarting"
	case "runs": // runs NAME: so its Patroni says, whom the server has just answered
		s.member(f[1]).State = "running"
	case "unasked": // unasked NAME: its Patroni was asked last a moment before now
		s.member(f[1]).Looked = s.now.Add(-time.Millisecond)
	case "silent":
		s.member(f[1]).Error = "no answer"
	case "member": // member NAME STATE TIMELINE RECEIVED
		m := s.member(f[1])
		m.State = f[2]
		m.Timeline, _ = strconv.Atoi(f[3])
		m.Received, _ = strconv.ParseInt(f[4], 10, 64)
	case "broken": // broken NAME AGO
		ago, err := time.ParseDuration(f[2])
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		s.member(f[1]).Broken, s.member(f[1]).State = s.now.Add(-ago), "start failed"
	case "outrun": // outrun NAME AGO: it needs what its leader has no more
		ago, err := time.ParseDuration(f[2])
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		s.member(f[1]).Broken, s.member(f[1]).State = s.now.Add(-ago), "in archive recovery"
	case "recloned": // recloned NAME AGO …, without lasting success
		for i, ago := range f[2:] {
			d, err := time.ParseDuration(ago)
			if err != nil {
				t.Fatal(err)
			}
			s.view.Last = append(s.view.Last, control.Operation{
				Action: control.Action{Key: fmt.Sprintf("%s:%d", Key("reclone", id(f[1])), i+1), Kind: KindReclone, Subject: id(f[1])},
				State:  control.Failed, Begun: s.now.Add(-d), Ended: s.now.Add(-d),
			})
		}
	case "sync":
		s.view.Cluster.Lock.Sync = f[1:]
	case "paused":
		s.view.Cluster.Lock.Paused = true
	case "switch-off":
		s.view.Policy.AcceleratedFailover = false
	case "manual":
		s.view.Path.Mode = "manual"
	case "leader": // leader NAME LEASE TIMELINE
		lease, _ := strconv.ParseInt(f[2], 16, 64)
		s.view.Cluster.Lock.Leader, s.view.Cluster.Lock.Lease = f[1], lease
		m := s.member(f[1])
		m.Role, m.State = "primary", "running"
		m.Timeline, _ = strconv.Atoi(f[3])
	case "fence": // fence ZONE EPOCH
		s.view.Fences[id(f[1])] = Fence{Component: id(f[1]), Epoch: f[2], Reason: "it did not answer"}
	case "proved":
		s.view.Proved[id(f[1])] = f[2]
	case "operation": // operation KEY STATE
		s.view.Last = append(s.view.Last, control.Operation{Action: control.Action{Key: f[1]}, State: f[2], Ended: s.now})
	default:
		d.Fatalf(t, "unknown word %q", f[0])
	}
}

func (s *stage) decide(t *testing.T) string {
	t.Helper()
	actions := DecidePostgres(s.view, s.now)
	if len(actions) == 0 {
		return "nothing\n"
	}
	var b strings.Builder
	for _, a := range actions {
		fmt.Fprintf(&b, "%s on %s key=%s approval=%v\n  because %s\n", a.Kind, a.Subject, a.Key, a.Approval, a.Reason)
	}
	return b.String()
}
