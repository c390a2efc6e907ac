package wiring

import (
	"context"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/recovery"
	"github.com/greenlang/fournines/internal/state"
)

// View implements recovery.Clusters.
func (w *Wiring) View(region string) (recovery.View, error) {
	r, err := w.repository(region)
	if err != nil {
		return recovery.View{}, err
	}
	leader, follows := w.leader(region)
	v := r.status(follows == "")
	v.Leader, v.Follows = leader, follows
	unfinished, err := control.Unfinished(w.house.State)
	if err != nil {
		return v, err
	}
	for _, o := range unfinished {
		v.Busy = v.Busy || o.Subject == recovery.Subject(region)
	}
	return v, nil
}

// leader returns the member of a region's cluster that takes writes; empty: nobody has seen one
// lately. follows is the region that the cluster follows.
func (w *Wiring) leader(region string) (id, follows string) {
	p, now := w.house.Facts.Postgres(region), w.house.Now()
	if p.Lock.Standby {
		r, _ := w.house.Layout.Platform.Region(region)
		return "", r.Pair
	}
	for _, m := range p.Members {
		if m.Name == p.Lock.Leader && m.Role == "primary" && now.Sub(m.Seen) <= fact.NodeSilent {
			return m.ID, ""
		}
	}
	return "", ""
}

// Look implements recovery.Clusters.
func (w *Wiring) Look(ctx context.Context, region string) (recovery.Seen, error) {
	r, err := w.repository(region)
	if err != nil {
		return recovery.Seen{}, err
	}
	return r.look(ctx)
}

// Made implements recovery.Clusters. What is there now is seen by everybody else, too.
func (w *Wiring) Made(ctx context.Context, region, operation string) (b fact.Backup, log fact.WALChain, found bool, err error) {
	r, err := w.repository(region)
	if err != nil {
		return b, log, false, err
	}
	b, log, found, err = r.made(ctx, operation)
	if found && err == nil {
		_, err = r.look(ctx)
	}
	return b, log, found, err
}

// Job implements recovery.Clusters.
func (w *Wiring) Job(x recovery.Wish) (fact.Job, time.Time, bool) {
	n := w.house.Facts.Node(x.Region, x.Zone)
	for _, j := range n.Jobs {
		if j.Key == x.Job() {
			return j, n.At, true
		}
	}
	return fact.Job{}, time.Time{}, false
}

// Changed implements recovery.Clusters.
func (w *Wiring) Changed() <-chan struct{} { return w.house.Facts.Changed() }

// Jobs are what a zone's node shall do for the wing.
func (w *Wiring) Jobs(region, zone string) ([]node.Job, error) {
	all, err := state.List[recovery.Wish](w.house.State, recovery.WishPrefix)
	if err != nil {
		return nil, err
	}
	var out []node.Job
	for _, x := range all {
		if x.Region == region && x.Zone == zone {
			out = append(out, w.job(x))
		}
	}
	return out, nil
}

// job is a wish as its node carries it out.
func (w *Wiring) job(x recovery.Wish) node.Job {
	p := w.house.Programs
	return node.Job{
		Key: x.Job(), Unit: place.Postgres, Env: p.Env(), Deadline: node.Seconds(recovery.Longest.Seconds()),
		Argv: []string{w.house.Layout.Bin("fournines"), "backup-run", "--program", p.PgBackRest, "--home", "{home}", "--stanza", x.Region, "--kind", x.Kind, "--note", recovery.OperationNote + "=" + x.Operation},
	}
}
