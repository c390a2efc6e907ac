package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
)

// KindBackup is the kind of action that makes a backup.
const KindBackup = "backup"

// What a backup holds.
const (
	KindFull        = "full" // everything
	KindIncremental = "incr" // what has changed since the newest backup
)

// BackupKinds are what a backup may be, for people.
func BackupKinds() []string { return []string{KindFull, KindIncremental} }

// Longest is how long a backup may take.
const Longest = 6 * time.Hour

// silent is how long a node that makes a backup may say nothing.
const silent = time.Minute

// OperationNote is the annotation that a backup names its operation with.
const OperationNote = "operation"

// BackupArgs say what to back up.
type BackupArgs struct {
	Region string `json:"region"`
	Kind   string `json:"kind"`
}

// NewBackup returns the action that makes a backup of a region's PostgreSQL.
func NewBackup(key, region, kind string) (control.Action, error) {
	return control.NewAction(key, KindBackup, Subject(region), BackupArgs{Region: region, Kind: kind})
}

// Subject is what backups of a region work on. It is not the cluster: a failover never waits for
// a backup.
func Subject(region string) string { return region + "/backups" }

// Clusters are the platform's PostgreSQL clusters as backups need them.
type Clusters interface {
	// View is what is known of a region's cluster and its backups now.
	View(region string) (View, error)
	// Look reads a region's repository.
	Look(ctx context.Context, region string) (Seen, error)
	// Made reads the backup that an operation made, and the log that it needs; false: none is listed.
	Made(ctx context.Context, region, operation string) (b fact.Backup, log fact.WALChain, found bool, err error)
	// Job is how far the node is with a wish, and when it said so; false: it does not know of it yet.
	Job(w Wish) (j fact.Job, at time.Time, known bool)
	Changed() <-chan struct{}
}

// Wishes takes entries, and finds what is folded from them.
type Wishes interface {
	Append(ctx context.Context, entries ...journal.Entry) (uint64, error)
	Get(key string, v any) (bool, error)
}

// Backups carries out the actions.
type Backups struct {
	Clusters Clusters
	Wishes   Wishes
	Now      func() time.Time
	Patience time.Duration // longest wait for a leader
}

// Kinds returns the kinds of actions, for control.
func (x Backups) Kinds() []control.Kind {
	return []control.Kind{{
		Name: KindBackup, Guard: x.guard,
		Steps: []control.Step{
			{Name: "plan", Timeout: 2 * time.Minute, Do: x.plan},
			{Name: "run", Timeout: Longest + 10*time.Minute, Do: x.run, Undo: x.drop},
			{Name: "verify", Timeout: 10 * time.Minute, Do: x.verify},
			{Name: "record", Timeout: time.Minute, Do: x.record},
		},
	}}
}

func (x Backups) guard(_ context.Context, a control.Action) error {
	var args BackupArgs
	if err := (&control.Run{Action: a}).Decode(&args); err != nil {
		return err
	}
	if !slices.Contains(BackupKinds(), args.Kind) {
		return fmt.Errorf("a backup is one of %s, not %.40q", strings.Join(BackupKinds(), ", "), args.Kind)
	}
	v, err := x.Clusters.View(args.Region)
	if err != nil {
		return err
	}
	if v.Lacks != "" {
		return errors.New(v.Lacks)
	}
	return nil
}

// plan is what a backup will be. A cluster that follows another region's is not backed up: that
// one is, and has the same data.
type plan struct {
	Skip string `json:"skip,omitempty"` // why nothing is to be done
	Zone string `json:"zone,omitempty"` // where the leader is
	Kind string `json:"kind,omitempty"`
}

func (x Backups) plan(ctx context.Context, r *control.Run) (any, error) {
	var args BackupArgs
	if err := r.Decode(&args); err != nil {
		return nil, err
	}
	v, err := x.led(ctx, args.Region)
	if err != nil {
		return nil, err
	}
	if v.Follows != "" {
		return plan{Skip: args.Region + " follows " + v.Follows + ", which is backed up"}, nil
	}
	leader, err := fact.Component(v.Leader)
	if err != nil {
		return nil, fmt.Errorf("nobody knows which member of %s/postgres takes writes, and only that one can be backed up; try again when it has a leader", args.Region)
	}
	p := plan{Zone: leader.Zone, Kind: args.Kind}
	if p.Kind == KindFull {
		return p, nil // it needs to know nothing of what is there
	}
	seen, err := x.Clusters.Look(ctx, args.Region)
	if err != nil {
		return nil, err
	}
	if _, full := seen.Newest(); full.Label == "" {
		p.Kind = KindFull // the first one is
	}
	return p, nil
}

// led waits for as long as a failover may take until it is known who leads a region's cluster, or
// that it follows another one.
func (x Backups) led(ctx context.Context, region string) (View, error) {
	ctx, cancel := context.WithTimeout(ctx, x.Patience)
	defer cancel()
	for {
		changed := x.Clusters.Changed()
		v, err := x.Clusters.View(region)
		if err != nil || v.Leader != "" || v.Follows != "" {
			return v, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return v, nil
		}
	}
}

// wish returns what the operation asks a node for; false: nothing.
func wish(r *control.Run) (Wish, bool, error) {
	var args BackupArgs
	var p plan
	if err := r.Decode(&args); err != nil {
		return Wish{}, false, err
	}
	if done, err := r.Result("plan", &p); err != nil || !done || p.Skip != "" {
		return Wish{}, false, err
	}
	return Wish{Operation: r.Key, Region: args.Region, Zone: p.Zone, Kind: p.Kind}, true, nil
}

// ran is how the node's job ended. It proves nothing.
type ran struct {
	State fact.JobState `json:"state"`
	Exit  int           `json:"exit"`
	Said  string        `json:"said,omitempty"` // the end of what it said
}

func (x Backups) run(ctx context.Context, r *control.Run) (any, error) {
	w, wanted, err := wish(r)
	if err != nil || !wanted {
		return nil, err
	}
	var old Wish
	if found, err := x.Wishes.Get(WishPrefix+w.Region, &old); err != nil {
		return nil, err
	} else if !found || old != w {
		if err := note(ctx, x, r, backupWished, w.Region, w); err != nil {
			return nil, err
		}
	}
	begun := x.Now()
	tick := time.NewTicker(silent / 4)
	defer tick.Stop()
	for {
		changed := x.Clusters.Changed()
		j, at, known := x.Clusters.Job(w)
		switch {
		case known && (j.State == fact.JobEnded || j.State == fact.JobInterrupted):
			return ran{State: j.State, Exit: j.Exit, Said: lastWords(j)}, nil
		case known && j.State == fact.JobWaiting && x.Now().Sub(begun) > silent:
			return nil, fmt.Errorf("the node of %s/%s does not begin the backup: %s; try again when the cluster has a leader that answers", w.Region, w.Zone, j.Error)
		case x.Now().Sub(later(at, begun)) > silent:
			return nil, fmt.Errorf("the node of %s/%s says nothing of the backup for %s: it, or its zone, is away; try again when the cluster has a leader that answers", w.Region, w.Zone, silent)
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// lastWords are what a person needs of how a job ended.
func lastWords(j fact.Job) string {
	lines := strings.Split(strings.TrimSpace(j.Output), "\n")
	said := strings.TrimSpace(lines[len(lines)-1])
	if j.Error != "" {
		said = j.Error + ": " + said
	}
	const most = 600
	if len(said) > most {
		said = strings.ToValidUTF8(said[:most], "") + "…"
	}
	return said
}

// drop takes the wish back: the node ends what it still runs.
func (x Backups) drop(ctx context.Context, r *control.Run) error {
	var args BackupArgs
	if err := r.Decode(&args); err != nil {
		return err
	}
	var old Wish
	found, err := x.Wishes.Get(WishPrefix+args.Region, &old)
	if err != nil || !found || old.Operation != r.Key {
		return err
	}
	e := backupEnded.Entry(args.Region, r.Key)
	e.Actor, e.Reason = r.Actor, r.Reason
	_, err = x.Wishes.Append(ctx, e)
	return err
}

// verify reads the repository: only what it lists was made, whatever the job said.
func (x Backups) verify(ctx context.Context, r *control.Run) (any, error) {
	w, wanted, err := wish(r)
	if err != nil || !wanted {
		return Made{}, err
	}
	var how ran
	if _, err := r.Result("run", &how); err != nil {
		return nil, err
	}
	b, log, found, err := x.Clusters.Made(ctx, w.Region, r.Key)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the repository of %s cannot be read, so it is not known whether the backup is there: %w", w.Region, err)
	case !found && how.State == fact.JobInterrupted:
		return nil, fmt.Errorf("the repository lists no such backup: whoever made it was killed, or its member was fenced")
	case !found:
		return nil, fmt.Errorf("the repository lists no such backup; the job ended with %d: %s", how.Exit, how.Said)
	case !log.Reached:
		return nil, fmt.Errorf("backup %s lacks a part of the log that it needs: %s", b.Label, gapText(log))
	case b.Damaged:
		return nil, fmt.Errorf("backup %s holds pages whose checksum was wrong in the cluster: look for a broken disk under %s/%s, and restore from an older backup if need be", b.Label, w.Region, w.Zone)
	}
	return Made{Region: w.Region, Operation: r.Key, Backup: b, Log: log}, nil
}

func (x Backups) record(ctx context.Context, r *control.Run) (any, error) {
	var m, old Made
	done, err := r.Result("verify", &m)
	if err != nil || !done || m.Region == "" { // nothing was to be done
		return nil, err
	}
	if found, err := x.Wishes.Get(MadePrefix+m.Region, &old); err != nil || found && old.Operation == r.Key {
		return nil, err
	}
	return nil, note(ctx, x, r, backupMade, m.Region, m)
}

func gapText(c fact.WALChain) string {
	if len(c.Gaps) == 0 {
		return "its end is not reached"
	}
	g := c.Gaps[0]
	return fmt.Sprintf("%s to %s of timeline %d (%s)", g.First, g.Last, g.Timeline, g.Why)
}

// note writes one entry of an operation.
func note[T any](ctx context.Context, x Backups, r *control.Run, kind journal.KindOf[T], subject string, v T) error {
	e, err := kind.Entry(subject, r.Key, v)
	if err != nil {
		return err
	}
	e.Actor, e.Reason = r.Actor, r.Reason
	_, err = x.Wishes.Append(ctx, e)
	return err
}
