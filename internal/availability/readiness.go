package availability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// Readiness says of one cluster whether it could fail over now, to which candidates, and if
// not, why not. Candidates is best first, Reasons in the order in which to act.
type Readiness struct {
	Cluster    string    `json:"cluster"`
	Ready      bool      `json:"ready"`
	Leader     string    `json:"leader,omitempty"`
	Candidates []string  `json:"candidates"`
	Reasons    []string  `json:"reasons,omitempty"`
	At         time.Time `json:"at"`
	Follows    string    `json:"follows,omitempty" doc:"the region that it follows; it takes no writes, and its leader is not moved on purpose"`
	Cause      string    `json:"cause,omitempty" doc:"the region that explains why it is not ready when nothing there answers"`
	Alone      bool      `json:"alone,omitempty" doc:"its region runs in one zone by choice: only its partner region could take over"`
}

// PostgresReadiness answers for a PostgreSQL cluster: whether a member could take over, and
// whether enough observers would notice that it has to.
func PostgresReadiness(v PostgresView, now time.Time) Readiness {
	r := moveReadiness(v, now)
	if r.Leader != "" && v.Policy.AcceleratedFailover && !v.Cluster.Lock.Standby {
		seeing, blind := observers(v, r.Leader, now)
		if seeing < v.Detection.Observers {
			r.Ready = false
			r.Reasons = append(r.Reasons, fmt.Sprintf("%d observers see %s and %d must agree that it is dead, so a primary that hangs would not be failed over%s",
				seeing, r.Leader, v.Detection.Observers, blindText(": ", blind)))
		}
	}
	return r
}

// observers counts those that see the target now, or would if it served, and returns the
// newest probes of the others.
func observers(v PostgresView, target string, now time.Time) (seeing int, blind []fact.Probe) {
	for _, p := range v.Probes {
		if p.Target != target {
			continue
		}
		if p.Outcome == fact.Refuses || p.Outcome == fact.Unseen || now.Sub(p.At) > freshMember {
			blind = append(blind, p)
		} else {
			seeing++
		}
	}
	slices.SortFunc(blind, func(a, b fact.Probe) int { return strings.Compare(a.Observer, b.Observer) })
	return seeing, blind
}

// blindText words why observers do not see, for a sentence's end.
func blindText(before string, blind []fact.Probe) string {
	who := map[string][]string{}
	for _, p := range blind {
		why := orUnknown(p.Error)
		who[why] = append(who[why], p.Observer)
	}
	if len(who) == 0 {
		return ""
	}
	var all []string
	for why, observers := range who {
		all = append(all, strings.Join(observers, ", ")+": "+why)
	}
	slices.Sort(all)
	return before + strings.Join(all, "; ")
}

// moveReadiness says whether a member could take over now, planned or not.
func moveReadiness(v PostgresView, now time.Time) Readiness {
	r := Readiness{Cluster: v.Cluster.Cluster, At: now, Candidates: []string{}}
	lock := v.Cluster.Lock
	leader, known := memberNamed(v.Cluster, lock.Leader)
	r.Leader = leader.ID
	if now.Sub(v.Cluster.At) > freshMember {
		r.Reasons = append(r.Reasons, "the region's etcd has not answered"+since(v.Cluster.At, now)+": "+orUnknown(v.Cluster.Error))
	}
	if !known {
		r.Reasons = append(r.Reasons, "no member holds the leader key")
	}
	if lock.Paused {
		r.Reasons = append(r.Reasons, "Patroni is paused: resume it with patronictl resume")
	}
	if lock.Standby {
		return standbyReadiness(r, v, leader, now)
	}
	for _, c := range candidates(v, now) {
		r.Candidates = append(r.Candidates, c.ID)
	}
	if len(r.Candidates) == 0 {
		for _, m := range v.Cluster.Members {
			if m.Name != lock.Leader {
				r.Reasons = append(r.Reasons, whyNot(m, leader, v, now)...)
			}
		}
	}
	if err := quorate(v, now); err != nil && len(r.Candidates) > 0 {
		r.Reasons = append(r.Reasons, err.Error())
	}
	r.Ready = len(r.Reasons) == 0 && len(r.Candidates) > 0
	return r
}

// standbyReadiness answers for a cluster that follows another region's: its leader
// streams from there, and another member could take its place.
func standbyReadiness(r Readiness, v PostgresView, leader fact.PostgresMember, now time.Time) Readiness {
	r.Follows = fact.RegionOf(v.Source.Cluster)
	if why := Outrun(v.Source, v.Cluster, now); why != "" {
		r.Reasons = append(r.Reasons, "it must be copied anew, which fournines does: "+why)
	} else if !v.Cluster.Outrun.IsZero() {
		r.Reasons = append(r.Reasons, "it is copied anew from its partner region and does not follow yet")
	}
	if leader.Name != "" && leader.State != "streaming" {
		r.Reasons = append(r.Reasons, fmt.Sprintf("%s is %s and does not stream from its partner region", leader.ID, leader.State))
		r.Cause = r.Follows
	}
	for _, m := range v.Cluster.Members {
		switch {
		case m.Name == leader.Name:
		case v.Fences[m.ID].Component != "":
			r.Reasons = append(r.Reasons, fmt.Sprintf("%s is fenced: %s", m.ID, v.Fences[m.ID].Reason))
			r.Cause = ""
		case m.State == "streaming" && m.Broken.IsZero() && now.Sub(m.Seen) <= freshMember:
			r.Candidates = append(r.Candidates, m.ID)
		}
	}
	if len(r.Candidates) == 0 {
		r.Reasons = append(r.Reasons, "no other member streams, so none could take its place")
	}
	r.Ready = len(r.Reasons) == 0
	return r
}

func orUnknown(s string) string {
	if s == "" {
		return "no answer yet"
	}
	return s
}

// RedisReadiness answers for Redis under Sentinel: enough Sentinels reach each other
// (CKQUORUM), all name the same master in the same epoch, it says it is one, nobody
// else does, and a replica with a good link is there to take over.
func RedisReadiness(c fact.Redis, policy spec.Redis, now time.Time) Readiness {
	r := Readiness{Cluster: c.Cluster, At: now, Candidates: []string{}}
	named, master := agreed(c, &r, now)
	for _, n := range c.Nodes {
		switch {
		case now.Sub(n.Seen) > freshMember:
			continue
		case n.Address == named:
			r.Leader = n.ID
			if n.Role != "master" {
				r.Reasons = append(r.Reasons, fmt.Sprintf("Sentinel names %s master, and it says it is a %s", n.ID, n.Role))
			} else if n.Replicas < policy.MinReplicasToWrite {
				r.Reasons = append(r.Reasons, fmt.Sprintf("%s has %d good replicas, it takes writes from %d on", n.ID, n.Replicas, policy.MinReplicasToWrite))
			}
		case n.Role == "master":
			r.Reasons = append(r.Reasons, fmt.Sprintf("%s is a stale master: Sentinel names %s", n.ID, named))
		case n.LinkUp && n.Master == named:
			r.Candidates = append(r.Candidates, n.ID)
		}
	}
	if master && r.Leader == "" {
		r.Reasons = append(r.Reasons, "the master "+named+" does not answer")
	}
	if len(r.Candidates) == 0 {
		r.Reasons = append(r.Reasons, "no replica with a good link could take over")
	}
	r.Ready = len(r.Reasons) == 0
	return r
}

// agreed returns the master that the Sentinels that answer name.
func agreed(c fact.Redis, r *Readiness, now time.Time) (address string, ok bool) {
	var named []string
	for _, s := range c.Sentinels {
		if now.Sub(s.Seen) > freshMember {
			continue // whether enough are left, CKQUORUM of the others says
		}
		if !strings.HasPrefix(s.Quorum, "OK") {
			r.Reasons = append(r.Reasons, fmt.Sprintf("%s could not get a quorum: %s", s.ID, s.Quorum))
		}
		if s.Tilt {
			r.Reasons = append(r.Reasons, s.ID+" is in TILT: its clock jumped, it is blind for 30 s")
		}
		if s.Master != "" { // it watches one
			named = append(named, s.Master)
		}
	}
	slices.Sort(named)
	named = slices.Compact(named)
	switch len(named) {
	case 0:
		r.Reasons = append(r.Reasons, "no Sentinel answers")
		return "", false
	case 1:
		return named[0], true
	}
	r.Reasons = append(r.Reasons, "Sentinels disagree on the master: "+strings.Join(named, ", "))
	return named[0], true
}
