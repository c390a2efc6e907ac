package availability

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// How old a fact may be to count.
const (
	freshProbe  = 2 * time.Second
	freshMember = 5 * time.Second
	freshLock   = 15 * time.Second // it only names the suspect; release compares it again
)

// PostgresView is the input of the decision about one cluster.
type PostgresView struct {
	Policy    spec.Postgres
	Detection spec.Detection
	Path      spec.FailoverPath
	Cluster   fact.Postgres
	Source    fact.Postgres        // of the partner region, where Cluster stands by for it
	Probes    []fact.Probe         // newest of every observer
	Fences    map[string]Fence     // that stand now, by component id
	Proved    map[string]string    // component id → epoch of the fence its node has proved
	Disks     map[string]fact.Disk // of the members' data, by component id; those that are known now
	Failovers []time.Time          // of [CountFailovers]; looked up while an observer misses or is told of a full disk
	Practice  bool                 // what happens now may be of our own making; looked up as well
	Last      []control.Operation  // the failover of this lease, and the newest returns of fenced members and reserves of a slot that is wanted; newest last
}

// Fence keeps a component dead until it is lifted.
type Fence struct {
	Component string    `json:"component"`
	Epoch     string    `json:"epoch"`
	Reason    string    `json:"reason"`
	Since     time.Time `json:"since"`
}

// FailoverArgs are the arguments of postgres.failover.
type FailoverArgs struct {
	Cluster   string    `json:"cluster"`
	Member    string    `json:"member"`    // who holds the lock
	Component string    `json:"component"` // the same as a component id
	Lease     int64     `json:"lease"`
	Timeline  int       `json:"timeline"` // newest known of the old primary
	Observers []string  `json:"observers"`
	Seen      string    `json:"seen"` // what they saw
	Suspected time.Time `json:"suspected"`
	Full      bool      `json:"full,omitempty"`     // it answers, and can store nothing: only a member with room may take over
	Practice  bool      `json:"practice,omitempty"` // it does not count against the bound
}

// DecidePostgres returns the actions that the cluster needs now: a failover of a
// primary that is dead to two observers or more, or that can store nothing, the return of a fenced member, or a new copy
// for one that cannot start from what it has.
func DecidePostgres(v PostgresView, now time.Time) []control.Action {
	if a, ok := decideFailover(v, now); ok {
		return []control.Action{a}
	}
	if out := decideRejoin(v, now); len(out) > 0 {
		return out
	}
	return decideReclone(v, now)
}

func decideFailover(v PostgresView, now time.Time) (control.Action, bool) {
	lock := v.Cluster.Lock
	suspect, known := memberNamed(v.Cluster, lock.Leader)
	// A standby cluster takes no writes: Patroni's own path is fast enough for it.
	if !v.Policy.AcceleratedFailover || lock.Standby || lock.Paused || !known || lock.Lease == 0 || now.Sub(v.Cluster.At) > freshLock {
		return control.Action{}, false
	}
	if v.Fences[suspect.ID].Component != "" { // it is dead on purpose: who laid the fence hands its lock on
		return control.Action{}, false
	}
	observers, seen := suspecting(v, suspect.ID, now)
	full, why := false, "does not answer"
	if len(observers) < v.Detection.Observers {
		observers, seen = storingNothing(v.Probes, suspect.ID, fullFor, now)
		full, why = true, "answers, and can store nothing"
	}
	if len(observers) < v.Detection.Observers {
		return control.Action{}, false
	}
	if !full && !served(v.Probes, suspect.ID) || restarting(v, suspect, now) {
		return control.Action{}, false
	}
	if _, err := successors(v, full, now); err != nil { // never fence the last one that has the data, or one that nobody would follow
		return control.Action{}, false
	}
	a, err := control.NewAction(FailoverKey(v.Cluster.Cluster, lock.Lease), KindFailover, v.Cluster.Cluster, FailoverArgs{
		Cluster: v.Cluster.Cluster, Member: lock.Leader, Component: suspect.ID, Lease: lock.Lease, Timeline: suspect.Timeline,
		Observers: observers, Seen: seen, Suspected: now, Full: full, Practice: v.Practice,
	})
	if err != nil || slices.ContainsFunc(v.Last, func(o control.Operation) bool { return o.Key == a.Key }) {
		return control.Action{}, false // this very lease has been tried: Patroni's own path remains
	}
	a.Actor = "system:availability"
	a.Reason = fmt.Sprintf("%s %s: %s", suspect.ID, why, seen)
	a.Approval = v.Path.Mode != "automatic"
	if tooOften(v.Failovers) {
		a.Approval = true
		a.Reason += fmt.Sprintf("; it is the %s failover within an hour, and a person decides about it", ordinal(len(v.Failovers)+1))
	}
	return a, true
}

// stillFailover says why a failover that was decided on is not right any more; nil when it is.
// It is [control.ErrGone] once another lease leads: that lease's own failover is decided anew.
func stillFailover(a FailoverArgs, v PostgresView, now time.Time) error {
	lock := v.Cluster.Lock
	switch {
	case now.Sub(v.Cluster.At) > freshLock:
		return fmt.Errorf("nobody knows who leads %s now: the region's etcd has not answered%s: %s", a.Cluster, since(v.Cluster.At, now), orUnknown(v.Cluster.Error))
	case lock.Leader == "":
		return fmt.Errorf("nobody holds the lock of %s now: Patroni's members choose a leader by themselves", a.Cluster)
	case lock.Leader != a.Member:
		return fmt.Errorf("%w: %s leads %s now, and not %s", control.ErrGone, lock.Leader, a.Cluster, a.Member)
	case lock.Lease != a.Lease:
		return fmt.Errorf("%w: %s leads %s anew, under another lease than the one that was suspected", control.ErrGone, lock.Leader, a.Cluster)
	case lock.Paused:
		return errors.New("Patroni is paused: resume it with patronictl resume") //nolint:staticcheck // a name
	case v.Fences[a.Component].Component != "":
		return fmt.Errorf("%s is kept dead by another operation, which hands its lock on: %s", a.Component, v.Fences[a.Component].Reason)
	}
	observers, _ := suspecting(v, a.Component, now)
	if a.Full {
		observers, _ = storingNothing(v.Probes, a.Component, fullFor, now)
	}
	if len(observers) < v.Detection.Observers {
		return fmt.Errorf("%s is not what it was when this was asked for (%s): %d observers accuse it now, and %d must", a.Component, a.Seen, len(observers), v.Detection.Observers)
	}
	return nil
}

// At most mostFailovers of one cluster within boundedFor are automatic: what keeps failing
// over is not mended by one more, and each one is a pause for every customer.
const (
	mostFailovers = 3
	boundedFor    = time.Hour
)

// tooOften tells whether a cluster has failed over so often, by [CountFailovers], that a person
// decides about the next time.
func tooOften(begun []time.Time) bool { return len(begun) >= mostFailovers }

func ordinal(n int) string { return strconv.Itoa(n) + "th" } // from the fourth on

// CountFailovers returns when those of a cluster's operations began that count against the
// bound: failovers that went ahead within it, and that no fault or drill of ours explains.
func CountFailovers(operations []control.Operation, now time.Time) (begun []time.Time) {
	for _, o := range operations {
		var args FailoverArgs
		if o.Kind != KindFailover || o.State == control.Refused || o.State == control.Waiting || now.Sub(o.Begun) >= boundedFor {
			continue
		}
		if err := json.Unmarshal(o.Args, &args); err == nil && args.Practice {
			continue
		}
		begun = append(begun, o.Begun)
	}
	return begun
}

// FailoverKey is the key of the failover away from a lease's holder: one for each lease.
func FailoverKey(cluster string, lease int64) string {
	return Key("failover", cluster, strconv.FormatInt(lease, 16))
}

// suspecting returns the observers that have missed the target often enough, lately.
func suspecting(v PostgresView, target string, now time.Time) (observers []string, seen string) {
	for _, p := range v.Probes {
		accuses := p.Outcome == fact.Hangs || p.Outcome == fact.Gone
		if p.Target == target && accuses && p.Misses >= v.Detection.Misses && now.Sub(p.At) <= freshProbe {
			observers = append(observers, p.Observer)
			seen = p.Error
		}
	}
	slices.Sort(observers)
	return slices.Compact(observers), seen
}

// candidates returns the members, except the leader, that could take over without
// loss, the most advanced first.
func candidates(v PostgresView, now time.Time) []fact.PostgresMember {
	leader, _ := memberNamed(v.Cluster, v.Cluster.Lock.Leader)
	var out []fact.PostgresMember
	for _, m := range v.Cluster.Members {
		if len(whyNot(m, leader, v, now)) == 0 {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b fact.PostgresMember) int {
		return int(min(max(b.Received-a.Received, -1), 1))
	})
	return out
}

// whyNot says why a member could not take over, in words; nothing when it could.
func whyNot(m, leader fact.PostgresMember, v PostgresView, now time.Time) []string {
	var why []string
	lock := v.Cluster.Lock
	switch {
	case m.Name == lock.Leader:
		return []string{"it is the leader"}
	case v.Fences[m.ID].Component != "":
		return []string{fmt.Sprintf("%s is fenced: %s", m.ID, v.Fences[m.ID].Reason)}
	case now.Sub(m.Seen) > freshMember:
		return []string{fmt.Sprintf("%s does not answer%s", m.ID, since(m.Seen, now))}
	}
	if v.Policy.Synchronous != "off" && !slices.Contains(lock.Sync, m.Name) {
		why = append(why, m.ID+" is not a synchronous standby, it may lack acknowledged writes")
	}
	if v.Policy.Synchronous == "off" {
		why = append(why, lacking(m, leader)...)
	}
	if !m.Broken.IsZero() {
		why = append(why, fmt.Sprintf("%s cannot follow from what it has since %s", m.ID, m.Broken.UTC().Format(time.TimeOnly)))
	}
	if m.State != "streaming" && m.State != "running" && m.State != "in archive recovery" {
		why = append(why, fmt.Sprintf("%s is %s", m.ID, m.State))
	}
	if d, known := v.Disks[m.ID]; known && full(d) {
		why = append(why, fmt.Sprintf("the disk of %s is full: %s", m.ID, room(d)))
	}
	if leader.Timeline > 0 && m.Timeline > 0 && m.Timeline < leader.Timeline {
		why = append(why, fmt.Sprintf("%s is on timeline %d, the leader on %d", m.ID, m.Timeline, leader.Timeline))
	}
	return why
}

// lacking says what a member lacks that replicates asynchronously, where that is too much.
func lacking(m, leader fact.PostgresMember) []string {
	switch lack := leader.Received - m.Received; {
	case leader.Received == 0:
		return []string{"nobody knows what the leader had, and so what " + m.ID + " lacks"}
	case lack > spec.MaximumLag:
		return []string{fmt.Sprintf("%s lacks %d KiB of what the leader had, and Patroni promotes nobody who lacks more than %d", m.ID, lack>>10, spec.MaximumLag>>10)}
	}
	return nil
}

func since(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf(" for %.0f s", now.Sub(t).Seconds())
}

func memberNamed(c fact.Postgres, name string) (fact.PostgresMember, bool) {
	for _, m := range c.Members {
		if name != "" && m.Name == name {
			return m, true
		}
	}
	return fact.PostgresMember{}, false
}

// RejoinArgs are the arguments of postgres.rejoin.
type RejoinArgs struct {
	Cluster   string `json:"cluster"`
	Member    string `json:"member"`
	Component string `json:"component"`
	Epoch     string `json:"epoch"`
}

// rejoinPause is how long after a failed return of a member the next one is tried.
const rejoinPause = 15 * time.Second

// decideRejoin brings one fenced member back, once another leads and the fence is proved.
// The action's subject is the member and not the cluster, because it may last as long as
// a copy of all data, and a failover of the cluster must not wait for it.
func decideRejoin(v PostgresView, now time.Time) []control.Action {
	leader, known := memberNamed(v.Cluster, v.Cluster.Lock.Leader)
	if !known || (leader.Role != "primary" && leader.Role != "standby_leader") || now.Sub(leader.Seen) > freshMember {
		return nil
	}
	for _, m := range v.Cluster.Members {
		f, fenced := v.Fences[m.ID]
		if !fenced || m.Name == leader.Name || v.Proved[m.ID] != f.Epoch {
			continue
		}
		key, wait := rejoinKey(v.Last, Key("rejoin", m.ID, f.Epoch), now)
		if wait {
			continue
		}
		a, err := control.NewAction(key, KindRejoin, m.ID, RejoinArgs{v.Cluster.Cluster, m.Name, m.ID, f.Epoch})
		if err != nil {
			continue
		}
		a.Actor, a.Reason = "system:availability", leader.ID+" leads; "+m.ID+" shall follow it"
		return []control.Action{a}
	}
	return nil
}

// rejoinKey numbers the attempts, so that each is an action of its own. Of those before,
// only the newest need be known.
func rejoinKey(last []control.Operation, base string, now time.Time) (key string, wait bool) {
	attempt := 1
	for _, o := range last {
		if number, ok := strings.CutPrefix(o.Key, base+":"); ok {
			if n, err := strconv.Atoi(number); err == nil {
				attempt = max(attempt, n+1)
			}
			wait = wait || !o.Finished() || now.Sub(o.Ended) < rejoinPause
		}
	}
	return base + ":" + strconv.Itoa(attempt), wait
}

// Key joins the parts of an idempotency key into one that fits into a URL.
func Key(parts ...string) string {
	return strings.ReplaceAll(strings.Join(parts, ":"), "/", ".")
}
