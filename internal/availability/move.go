package availability

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// The kinds of actions on a home region (row 7.1.9).
const (
	KindEvacuate = "region.evacuate" // its customers go to its partner
	KindRestore  = "region.restore"  // they come home, without loss
)

// MoveArgs are the arguments of both.
type MoveArgs struct {
	Home       string    `json:"home"`
	From       string    `json:"from"`
	To         string    `json:"to"`
	Mode       string    `json:"mode"`
	Judged     bool      `json:"judged,omitempty"` // nobody asked for the mode: it was what was possible
	Practice   bool      `json:"practice,omitempty"`
	AcceptLoss bool      `json:"accept_loss,omitempty"` // more than the target allows may be lost
	Dark       bool      `json:"dark,omitempty"`        // a person vouches that From is without power: no proof is waited for
	Without    []string  `json:"without,omitempty"`     // keys of objects that cannot be copied and are left behind
	Asked      time.Time `json:"asked"`
}

// Clusters makes a region's PostgreSQL cluster lead, or follow another region's.
type Clusters interface {
	Follow(ctx context.Context, region, of string) error
	Lead(ctx context.Context, region string) error
	// Reserve makes the region's cluster keep a slot for its partner's.
	Reserve(ctx context.Context, region string) error
	// Standby tells whether the region's cluster is configured to follow.
	Standby(ctx context.Context, region string) (bool, error)
	// Newest returns when the newest heartbeat was written that the member has.
	Newest(ctx context.Context, region, member string) (time.Time, error)
	// Starves tells whether the member, which replays, waits for more of the write-ahead log: of what it
	// has nothing is left that is whole.
	Starves(ctx context.Context, region, member string) (bool, error)
}

// Regions carries out what is wanted of regions: each call returns when the wish is durable
// and the edges that answer have taken it up. Repeating one is harmless.
type Regions interface {
	Fence(ctx context.Context, w RegionWish) error
	Lift(ctx context.Context, region string) error
	// Scale starts the region's application, which waits until its database takes writes; Rest stops it.
	Scale(ctx context.Context, region string) error
	Rest(ctx context.Context, region string) error
	// Preload fills the region's cache with what its customers ask for most.
	Preload(ctx context.Context, region string) (Preloaded, error)
	Move(ctx context.Context, h Home) error
	// Capacity tells how many instances of the application take requests in a region, and how many shall.
	Capacity(region string) (ready, wanted int)
	// Serve sends a request the way a customer of the home does, to the region's edge, that commits a write.
	Serve(ctx context.Context, home, region string) error
}

// Objects waits for the copies of objects.
type Objects interface {
	// Drained returns once everything that was written in one region before then is in the
	// other, without the keys that are named; at once where objects are not replicated.
	Drained(ctx context.Context, from, to string, before time.Time, without []string) error
}

// Mover carries out the moves of homes between regions.
type Mover struct {
	Postgres
	Clusters Clusters
	Regions  Regions
	Objects  Objects
	Copies   Copies
	MoveView func(home, to string) (MoveView, error) // the newest facts, and what is wished for
}

// Kinds returns the kinds of actions, for control.
func (m Mover) Kinds() []control.Kind {
	do := func(f func(context.Context, *control.Run, MoveArgs) (any, error)) func(context.Context, *control.Run) (any, error) {
		return func(ctx context.Context, r *control.Run) (any, error) {
			a, err := decode[MoveArgs](r)
			if err != nil {
				return nil, err
			}
			return f(ctx, r, a)
		}
	}
	undo := func(f func(context.Context, *control.Run, MoveArgs) error) func(context.Context, *control.Run) error {
		return func(ctx context.Context, r *control.Run) error {
			a, err := decode[MoveArgs](r)
			if err != nil {
				return err
			}
			return f(ctx, r, a)
		}
	}
	preflight := control.Step{Name: "preflight", Timeout: ledWithin + 20*time.Second, Do: do(m.preflight)}
	leave := []control.Step{
		{Name: "warm", Timeout: 10 * time.Second, Do: do(m.warm), Undo: undo(m.cool)},
		{Name: "hold", Timeout: 10 * time.Second, Do: do(m.holdHome), Undo: undo(m.resumeHome)},
		{Name: "fence", Timeout: 40 * time.Second, Do: do(m.fenceRegion), Undo: undo(m.unfenceRegion)},
		{Name: "demote", Timeout: time.Minute, Do: do(m.demote), Undo: undo(m.undemote)},
	}
	arrive := []control.Step{
		{Name: "promote", Timeout: time.Minute, Final: true, Do: do(m.promote)},
		{Name: "scale", Timeout: 2 * time.Minute, Do: do(m.scale)},
		{Name: "preload", Timeout: 2 * preloadWithin, Do: do(m.preload)},
		{Name: "switch", Timeout: 20 * time.Second, Do: do(m.switchHome)},
		{Name: "resume", Timeout: 10 * time.Second, Do: do(func(ctx context.Context, r *control.Run, a MoveArgs) (any, error) {
			return nil, m.resumeHome(ctx, r, a)
		})},
		{Name: "verify", Timeout: time.Minute, Do: do(m.verifyMove)},
	}
	back := []control.Step{
		{Name: "follow", Timeout: 3 * time.Minute, Do: do(m.followServing)},
		{Name: "lift", Timeout: 20 * time.Second, Do: do(m.liftRegion)},
		{Name: "copy", Timeout: catchUpWithin + 2*copyWithin, Do: do(m.recopied)},
		{Name: "catch-up", Timeout: catchUpWithin, Do: do(m.catchUp)},
	}
	return []control.Kind{
		m.reserveKind(), m.recopyKind(),
		{Name: KindEvacuate, Guard: m.guardMove, Still: m.stillMove, Steps: slices.Concat([]control.Step{preflight}, leave, arrive)},
		{Name: KindRestore, Guard: m.guardMove, Still: m.stillMove, Steps: slices.Concat(back, []control.Step{preflight}, leave, arrive)},
	}
}

func modeOf(o control.Operation) string {
	a, err := decode[MoveArgs](&control.Run{Action: o.Action})
	if err != nil {
		return ""
	}
	return a.Mode
}

// PlanFor plans a move as it is asked for, by the kind of action: what a person is shown before
// is what the guard decides on. A restore asks less, because the home region comes back during
// the operation itself. It is pure.
func PlanFor(kind string, v MoveView, a MoveArgs, now time.Time) MovePlan {
	v.Without = a.Without
	if kind == KindRestore {
		return PlanRestore(v, now)
	}
	if a.AcceptLoss {
		v.Targets.RPO = spec.Duration(math.MaxInt64)
	}
	return PlanMove(v, a.Mode, now)
}

func (m Mover) plan(kind string, a MoveArgs) (MovePlan, error) {
	return m.planned(kind, a, func(*MoveView) {})
}

func (m Mover) planned(kind string, a MoveArgs, without func(*MoveView)) (MovePlan, error) {
	v, err := m.MoveView(a.Home, a.To)
	if err != nil {
		return MovePlan{}, err
	}
	v.Busy = "" // that is us
	without(&v)
	return PlanFor(kind, v, a, m.Now()), nil
}

func (m Mover) guardMove(_ context.Context, a control.Action) error {
	args, err := decode[MoveArgs](&control.Run{Action: a})
	if err != nil {
		return err
	}
	p, err := m.planned(a.Kind, args, func(v *MoveView) {
		if args.Mode == Ungraceful {
			v.Leading = "" // it is waited for: who loses a region need not ask twice
		}
	})
	switch {
	case err != nil:
		return err
	case p.Ready:
		return nil
	case a.Kind == KindRestore:
		return fmt.Errorf("%s cannot be restored now: %s", args.Home, p.WhyNot())
	}
	return fmt.Errorf("%s cannot be moved to %s now: %s", args.Home, args.To, p.WhyNot())
}

// stillMove asks whether the reason of a move stands that waits for a person.
func (m Mover) stillMove(_ context.Context, a control.Action) error {
	args, err := decode[MoveArgs](&control.Run{Action: a})
	if err != nil {
		return err
	}
	v, err := m.MoveView(args.Home, args.To)
	if err != nil {
		return err
	}
	return stillMove(args, v, m.Now())
}

// stillMove says why a move is not right any more; nil when it is. The mode that was possible when
// it was asked for is not held to: a region that answers again is not left as a dead one, and
// nothing of it is lost.
func stillMove(a MoveArgs, v MoveView, now time.Time) error {
	if v.From != a.From {
		return fmt.Errorf("%w: the customers of %s are served by %s now, and not by %s", control.ErrGone, a.Home, v.From, a.From)
	}
	if mode := PlanMove(v, "", now).Mode; a.Judged && mode != a.Mode {
		return fmt.Errorf("%s would be left by a move that is %s, and what is possible now is one that is %s: deny this one and ask anew, or ask for the mode by name", a.From, a.Mode, mode)
	}
	return nil
}

// ledWithin is how long a move waits for a failover that had begun before it: about as long as
// one takes that fails.
const ledWithin = 80 * time.Second

// preflight plans once more, with facts of now; a server that was just started waits for them.
// Nobody else fences or holds anything in either region from here on: while the move runs no
// failover or switchover begins there.
func (m Mover) preflight(ctx context.Context, _ *control.Run, a MoveArgs) (any, error) {
	long, cancel := context.WithTimeout(ctx, ledWithin)
	defer cancel()
	if _, err := retry(long, func() (struct{}, error) {
		v, err := m.MoveView(a.Home, a.To)
		if err == nil && v.Leading != "" {
			err = errors.New(v.Leading)
		}
		return struct{}{}, err
	}); err != nil {
		return nil, err
	}
	ctx, cancel = context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return retry(ctx, func() (MovePlan, error) {
		p, err := m.plan(KindEvacuate, a) // also of a restore: its region has come back by now
		if err != nil {
			return p, err
		}
		if !p.Ready {
			return p, fmt.Errorf("%s cannot be moved to %s: %s", a.Home, a.To, p.WhyNot())
		}
		return p, nil
	})
}

// HomeSubject is what operations on a home work on: one at a time.
func HomeSubject(home string) string { return "home/" + home }

func postgresOf(region string) string { return region + "/postgres" }

// requestsOf is what holds the requests of a region's customers.
func requestsOf(region string) string { return region + "/greenlang" }

// homeHeld bounds how long clients wait while a home moves gracefully.
const homeHeld = 40 * time.Second

// drainWithin bounds how long a graceful move waits for objects. It ends before the hold does, so
// that who waits is served by the old region again and meets no error.
const drainWithin = 15 * time.Second

func (m Mover) holdHome(ctx context.Context, r *control.Run, a MoveArgs) (any, error) {
	if a.Mode != Graceful {
		return nil, nil //nolint:nilnil // the step has nothing to say
	}
	// Requests first, so that those under way can end their work in the database.
	if err := m.Route.Hold(ctx, requestsOf(a.From), r.Key, homeHeld); err != nil {
		return nil, err
	}
	return nil, m.Route.Hold(ctx, postgresOf(a.From), r.Key, homeHeld)
}

func (m Mover) resumeHome(ctx context.Context, r *control.Run, a MoveArgs) error {
	if a.Mode != Graceful {
		return nil
	}
	if err := m.Route.Resume(ctx, requestsOf(a.From), r.Key); err != nil {
		return err
	}
	return m.Route.Resume(ctx, postgresOf(a.From), r.Key)
}

// moveEpoch names the fences of one operation.
func moveEpoch(r *control.Run) string { return "move-" + r.Key }

// fenced is the outcome of the step fence: each member, and the observer that proved it
// dead.
type fenced struct {
	Proofs map[string]Proof `json:"proofs"`
}

// fenceRegion keeps every database of the old region dead before anybody else may lead:
// it may be alive and cut off, and believe that it is primary.
func (m Mover) fenceRegion(ctx context.Context, r *control.Run, a MoveArgs) (any, error) {
	if a.Mode != Ungraceful {
		return nil, nil //nolint:nilnil // the step has nothing to say
	}
	if err := m.Regions.Fence(ctx, RegionWish{Region: a.From, Fenced: moveEpoch(r), Reason: r.Reason}); err != nil {
		return nil, err
	}
	members := m.lookShortly(ctx, postgresOf(a.From)) // those that do not answer, too
	out := fenced{Proofs: map[string]Proof{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var errs []error
	for _, x := range members {
		wg.Go(func() {
			p, err := m.Fencer.Fence(ctx, Fence{Component: x.ID, Epoch: moveEpoch(r), Reason: "region evacuated: " + r.Reason, Since: m.Now()})
			mu.Lock()
			defer mu.Unlock()
			if err != nil && a.Dark {
				p, err = Proof{By: r.Actor + ", who vouches that the region is without power", At: m.Now()}, nil
			}
			out.Proofs[x.ID] = p
			errs = append(errs, err)
		})
	}
	wg.Wait()
	if len(members) == 0 && !a.Dark {
		return nil, fmt.Errorf("%s has no members that could be proved dead; --region-is-dark goes on without proof", postgresOf(a.From))
	}
	return out, errors.Join(errs...)
}

// unfenceRegion gives the old region back its life. It is never called once the new one
// may lead: that step is final.
func (m Mover) unfenceRegion(ctx context.Context, r *control.Run, a MoveArgs) error {
	if a.Mode != Ungraceful {
		return nil
	}
	return m.liftAll(ctx, a.From, moveEpoch(r))
}

func (m Mover) liftAll(ctx context.Context, region, epoch string) error {
	v, err := m.View(postgresOf(region))
	if err != nil {
		return err
	}
	for _, f := range v.Fences {
		if epoch == "" || f.Epoch == epoch {
			if err := m.Fencer.Lift(ctx, f.Component, f.Epoch); err != nil {
				return err
			}
		}
	}
	return m.Regions.Lift(ctx, region)
}

// Drained is the outcome of the step demote: what the new region has.
type Drained struct {
	Position int64     `json:"position"`        // WAL position of the new region, bytes
	Behind   int64     `json:"behind"`          // bytes of the old one that it lacks; 0 after a graceful move
	Newest   time.Time `json:"newest,omitzero"` // newest heartbeat that it has
	Lost     float64   `json:"lost_seconds"`    // recovery point: from that to the last sign of a primary in the old region
}

// demote makes the old region's cluster a follower of the new one's and waits until that
// has everything; without an old region, until the new one has replayed all it received.
func (m Mover) demote(ctx context.Context, r *control.Run, a MoveArgs) (any, error) {
	if a.Mode == Graceful {
		if led, err := m.led(ctx, a.To); err != nil || led {
			return Drained{}, err
		}
		if err := m.Clusters.Follow(ctx, a.From, a.To); err != nil {
			return nil, err
		}
		held := m.Now() // requests wait since the step before: nothing newer is acknowledged
		d, err := retry(ctx, func() (Drained, error) { return m.handedOver(ctx, a) })
		if err != nil {
			return d, err
		}
		ctx, cancel := context.WithTimeout(ctx, drainWithin)
		defer cancel()
		return d, m.Objects.Drained(ctx, a.From, a.To, held, a.Without)
	}
	return retry(ctx, func() (Drained, error) { return m.replayed(ctx, r, a) })
}

// led tells whether an earlier life of the move, or an earlier move, promoted the region.
func (m Mover) led(ctx context.Context, region string) (bool, error) {
	standby, err := m.Clusters.Standby(ctx, region)
	return !standby, err
}

// handedOver holds when no member of the old region leads, at least all but one of them
// answer, and the new region has all that any of them has. An acknowledged write is on the
// primary and on one of the others, so none can be missing (synchronous replication).
func (m Mover) handedOver(ctx context.Context, a MoveArgs) (Drained, error) {
	old, next := m.Members.Look(ctx, postgresOf(a.From)), m.Members.Look(ctx, postgresOf(a.To))
	var answer int
	for _, x := range old {
		switch {
		case x.Role == "primary":
			return Drained{}, fmt.Errorf("%s still leads", x.ID)
		case x.Error == "" && x.Received > 0:
			answer++
		}
	}
	if answer < len(old)-1 || answer == 0 {
		return Drained{}, fmt.Errorf("%d of %d members of %s answer", answer, len(old), postgresOf(a.From))
	}
	have, want := replayedPosition(next), received(old)
	if have < want {
		return Drained{}, fmt.Errorf("%s has replayed %d bytes less than %s has", postgresOf(a.To), want-have, postgresOf(a.From))
	}
	return Drained{Position: have}, nil
}

func replayedPosition(members []fact.PostgresMember) int64 {
	var out int64
	for _, x := range members {
		out = max(out, x.Replayed)
	}
	return out
}

// replayed holds when the leader of the new region has replayed all that it received whole.
func (m Mover) replayed(ctx context.Context, r *control.Run, a MoveArgs) (Drained, error) {
	if led, err := m.led(ctx, a.To); err != nil || led {
		return Drained{}, err
	}
	lock, err := m.Locks.Read(ctx, postgresOf(a.To))
	if err != nil {
		return Drained{}, err
	}
	members := m.lookShortly(ctx, postgresOf(a.To))
	i := slices.IndexFunc(members, func(x fact.PostgresMember) bool { return x.Name == lock.Leader })
	if i < 0 || members[i].Error != "" {
		return Drained{}, fmt.Errorf("the leader of %s does not answer", postgresOf(a.To))
	}
	if x := members[i]; x.Replayed < x.Received {
		// A leader that dies may have sent the beginning of a record, of which the rest never comes.
		// Its transaction was acknowledged to nobody, and no server replays it.
		starves, err := m.Clusters.Starves(ctx, a.To, x.ID)
		if err != nil || !starves {
			return Drained{}, errors.Join(fmt.Errorf("%s has %d bytes to replay", x.ID, x.Received-x.Replayed), err)
		}
	}
	d := Drained{Position: members[i].Replayed}
	if d.Newest, err = m.Clusters.Newest(ctx, a.To, members[i].ID); err != nil {
		return d, err
	}
	// The plan as of the begin of the move, because another server may have begun it.
	var p MovePlan
	if _, err := r.Result("preflight", &p); err != nil {
		return d, err
	}
	d.Behind = max(0, p.Position-d.Position)
	if !p.Seen.IsZero() && !d.Newest.IsZero() {
		d.Lost = max(0, p.Seen.Sub(d.Newest).Seconds())
	}
	return d, nil
}

// undemote lets the old region lead again. It is never called once the new one may lead.
func (m Mover) undemote(ctx context.Context, _ *control.Run, a MoveArgs) error {
	if a.Mode != Graceful {
		return nil
	}
	if err := m.Clusters.Lead(ctx, a.From); err != nil {
		return err
	}
	_, err := m.verifyLeader(ctx, postgresOf(a.From), func(fact.PostgresMember) bool { return true })
	return err
}

func (m Mover) promote(ctx context.Context, _ *control.Run, a MoveArgs) (any, error) {
	if err := m.Clusters.Lead(ctx, a.To); err != nil {
		return nil, err
	}
	return m.verifyLeader(ctx, postgresOf(a.To), func(fact.PostgresMember) bool { return true })
}

// warm starts the new region's application beside what follows, because that takes longest.
func (m Mover) warm(ctx context.Context, _ *control.Run, a MoveArgs) (any, error) {
	return nil, m.Regions.Scale(ctx, a.To)
}

func (m Mover) cool(ctx context.Context, _ *control.Run, a MoveArgs) error {
	return m.Regions.Rest(ctx, a.To)
}

func (m Mover) scale(ctx context.Context, _ *control.Run, a MoveArgs) (any, error) {
	return retry(ctx, func() (int, error) {
		ready, wanted := m.Regions.Capacity(a.To)
		if ready < wanted {
			return ready, fmt.Errorf("%d of %d instances take requests in %s", ready, wanted, a.To)
		}
		return ready, nil
	})
}

// Preloaded is the outcome of the step preload.
type Preloaded struct {
	Entries int     `json:"entries"` // in the new region's cache
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"` // why there are not more
}

// preloadWithin bounds how much later customers are served so that Redis, which is rebuilt
// and not replicated, is not cold when they come (row 7.1.5).
const preloadWithin = 2 * time.Second

// preload never fails a move: customers who find a cold cache are served all the same.
func (m Mover) preload(ctx context.Context, _ *control.Run, a MoveArgs) (any, error) {
	short, cancel := context.WithTimeout(ctx, preloadWithin)
	defer cancel()
	p, err := m.Regions.Preload(short, a.To)
	if err != nil {
		p.Error = err.Error()
	}
	return p, ctx.Err() // a server that ends has not decided anything
}

func (m Mover) switchHome(ctx context.Context, _ *control.Run, a MoveArgs) (any, error) {
	return nil, m.Regions.Move(ctx, Home{Region: a.Home, Serving: a.To})
}

// Moved is the outcome of a move: its recovery time and recovery point (row 7.1.12).
type Moved struct {
	Served time.Time `json:"served"`       // first write through the new region's edge
	RTO    float64   `json:"rto_seconds"`  // from the request to that
	RPO    float64   `json:"rpo_seconds"`  // seconds of acknowledged writes that the new region may lack
	Behind int64     `json:"behind_bytes"` // WAL that it lacked
}

func (m Mover) verifyMove(ctx context.Context, r *control.Run, a MoveArgs) (any, error) {
	var d Drained
	if _, err := r.Result("demote", &d); err != nil {
		return nil, err
	}
	return retry(ctx, func() (Moved, error) {
		if err := m.Regions.Serve(ctx, a.Home, a.To); err != nil {
			return Moved{}, fmt.Errorf("no write gets through the edge of %s: %w", a.To, err)
		}
		now := m.Now()
		return Moved{Served: now, RTO: now.Sub(a.Asked).Seconds(), RPO: d.Lost, Behind: d.Behind}, nil
	})
}
