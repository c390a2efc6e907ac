package staging

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/fact"
)

// The phases of a run, in their order.
const (
	PhasePlan    = "plan"    // the target can be reached, and the server will be isolated
	PhaseFetch   = "fetch"   // the files of the backup
	PhaseReplay  = "replay"  // the log, up to the promotion
	PhaseAlive   = "alive"   // the server goes on to answer
	PhaseExamine = "examine" // what it holds
	PhaseStop    = "stop"
	PhasePages   = "pages" // of the stopped directory, against their checksums
)

// Phases lists the names of all phases, in order. The first three are what a real restore takes.
func Phases() []string {
	return []string{PhasePlan, PhaseFetch, PhaseReplay, PhaseAlive, PhaseExamine, PhaseStop, PhasePages}
}

var (
	// ErrGap means that the stored log does not lead to the target.
	ErrGap = errors.New("the stored log does not lead to the target")
	// ErrRoom means that the disk would be too full afterwards.
	ErrRoom = errors.New("there is not enough room")
)

// spare are the bytes that stay free on the disk beside the restored files: its log is among them,
// and a production server may have the same disk.
const spare = 2 << 30

// The bounds of a run's steps.
const (
	askEvery   = 200 * time.Millisecond
	silence    = 10 * time.Second // of a server that is asked how it is
	longSilent = time.Hour        // of one that reads all it has
	stopWithin = 5 * time.Minute
)

// run is one run.
type run struct {
	Plan
	engine pgbackrest.Engine
	admin  postgres.Admin
	desk   *desk
	socket string

	mu   sync.Mutex
	tell func(fact.RestoreProgress)
	is   fact.RestoreProgress
	test fact.RestoreTest
}

// Run restores a backup into a server of its own, looks at it, and takes it away. It tells how far it
// is, each time from one goroutine; tell may be nil. An error means that the run came to no end; what
// it had seen by then is in the test all the same: [ErrBusy], [ErrHolds], [ErrOpen], [ErrGap],
// [ErrRoom], and those of pgbackrest. A restored server that is not as it should be is no error.
func Run(ctx context.Context, p Plan, tell func(fact.RestoreProgress)) (fact.RestoreTest, error) {
	if p.Alive == 0 {
		p.Alive = defaultAlive
	}
	if p.Patience == 0 {
		p.Patience = defaultPatience
	}
	r := &run{Plan: p, tell: tell, engine: p.engine(), socket: filepath.Join(p.Dir, "wal.sock")}
	r.admin = postgres.Admin{User: p.User, Database: administered}
	r.test = fact.RestoreTest{Backup: p.Backup, Loss: p.Loss, Unseen: map[string]string{}}
	if err := p.check(); err != nil {
		return r.test, err
	}
	dir, err := claim(ctx, p)
	if err != nil {
		return r.test, err
	}
	err = r.do(ctx)
	dir.keep = p.Keep
	return r.test, errors.Join(err, dir.release(ctx))
}

// do goes through the phases.
func (r *run) do(ctx context.Context) (err error) {
	stop, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer stop()
	var server *inside
	defer func() {
		if server != nil {
			server.kill()
		}
	}()
	for _, phase := range []struct {
		name string
		do   func() error
	}{
		{PhasePlan, func() error { return r.plan(ctx) }},
		{PhaseFetch, func() error { return r.fetch(ctx) }},
		{PhaseReplay, func() (err error) { server, err = r.replay(ctx); return err }},
		{PhaseAlive, func() error { return r.alive(ctx, server) }},
		{PhaseExamine, func() error { return r.examine(ctx, server) }},
		{PhaseStop, func() error { return server.stop(ctx, stopWithin) }},
		{PhasePages, func() error { return r.pages(ctx) }},
	} {
		r.begin(phase.name)
		if err := phase.do(); err != nil {
			return fmt.Errorf("restore of %s to be looked at, %s: %w", r.Backup, phase.name, err)
		}
		r.test.Phases[len(r.test.Phases)-1].Ended = time.Now()
	}
	return nil
}

// open lets the desk answer at its socket.
func (r *run) open(ctx context.Context) (stop func(), err error) {
	host, err := namespace()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", r.socket)
	if err != nil {
		return nil, err
	}
	if err := r.own(r.socket); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	r.desk = &desk{engine: r.engine, data: r.data(), patience: r.Patience, host: host, told: r.news}
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		listen(ctx, l, r.desk.reply)
	}()
	return func() { cancel(); <-over }, nil
}

// begin notes that a phase begins.
func (r *run) begin(phase string) {
	now := time.Now()
	r.test.Phases = append(r.test.Phases, fact.Phase{Name: phase, Begun: now})
	r.say(func(is *fact.RestoreProgress) { is.Phase, is.Begun = phase, now })
}

// news tells of what the desk has done.
func (r *run) news() {
	_, segments, _ := r.desk.seen()
	r.say(func(is *fact.RestoreProgress) { is.Segments = segments })
}

func (r *run) say(change func(*fact.RestoreProgress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.is)
	if r.tell != nil {
		r.tell(r.is)
	}
}

// plan looks whether the target can be reached, whether there is room, and whether the server will
// be isolated, before anything is fetched.
func (r *run) plan(ctx context.Context) error {
	if err := r.isolate(ctx); err != nil {
		return err
	}
	b, err := r.engine.Show(ctx, r.Backup)
	if err != nil {
		return err
	}
	c, err := r.engine.Chain(ctx, r.Backup, r.Target)
	if err != nil {
		return err
	}
	r.test.Chain = c
	r.desk.mu.Lock()
	r.desk.chain = c
	r.desk.mu.Unlock()
	r.say(func(is *fact.RestoreProgress) { is.Needed = c.Segments })
	switch {
	case len(c.Gaps) > 0:
		g := c.Gaps[0]
		return fmt.Errorf("%w: %d segments are missing from %s: %s; name an earlier target, or a later backup", ErrGap, g.Segments, g.First, g.Why)
	case !c.Reached:
		return fmt.Errorf("%w: it ends at %s; name an earlier target, or wait until more is stored", ErrGap, c.Last)
	}
	if r.Target.Kind != pgbackrest.Consistent && len(c.Timelines) > 0 {
		r.Target.Timeline = c.Timelines[len(c.Timelines)-1] // a timeline that begins meanwhile is not the one that was looked at
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(r.Dir, &disk); err != nil {
		return fmt.Errorf("how much room there is at %s: %w", r.Dir, err)
	}
	return fits(r.Dir, b.Size, int64(disk.Bavail)*disk.Bsize) //nolint:gosec // no disk is that large
}

// fits refuses a backup of size bytes where free are left on the disk.
func fits(dir string, size, free int64) error {
	if free >= size+spare {
		return nil
	}
	return fmt.Errorf("%w: the backup has %d MiB, %d MiB must stay free, and the disk of %s has %d MiB; name a directory on another one", ErrRoom, size>>20, int64(spare>>20), dir, free>>20)
}

// isolate lets a process look from inside a place like that of the server.
func (r *run) isolate(ctx context.Context) error {
	s, err := r.enter(r.socket)
	if err != nil {
		return err
	}
	select {
	case <-s.exited:
	case <-ctx.Done():
		s.kill()
		return context.Cause(ctx)
	}
	i, _, failure := r.desk.seen()
	if r.test.Isolation = i; failure != nil {
		return failure
	}
	if s.err != nil || i.Namespace == 0 {
		return fmt.Errorf("%w: nobody has looked from inside: %s ended (%v) and said %q", ErrOpen, r.Self[0], s.cmd.ProcessState, lastLine(s.log))
	}
	return nil
}

// fetch restores the files of the backup.
func (r *run) fetch(ctx context.Context) error {
	_, err := r.engine.Restore(ctx, pgbackrest.Restore{Dir: r.data(), Spaces: filepath.Join(r.Dir, "spaces"), Backup: r.Backup, Target: r.Target}, func(p fact.BackupProgress) {
		r.say(func(is *fact.RestoreProgress) { is.Backup = p })
	})
	return err
}

// replay starts the server, and waits until it is promoted.
func (r *run) replay(ctx context.Context) (*inside, error) {
	rules := filepath.Join(r.Dir, "pg_hba.conf")
	if err := os.WriteFile(rules, []byte("local all all trust\n"), 0o600); err != nil { //nolint:dupword // databases, users
		return nil, err
	}
	if err := r.own(rules); err != nil {
		return nil, err
	}
	s, err := r.enter(r.socket, r.server(r.socket, rules)...)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return s, context.Cause(ctx)
		case <-s.exited:
			_, _, failure := r.desk.seen()
			return s, errors.Join(failure, s.ended())
		case <-tick.C:
		}
		if recovers, err := r.admin.Recovers(ctx, r.address(), silence); err == nil && !recovers {
			i, _, failure := r.desk.seen()
			r.test.Isolation = i
			return s, failure // a server that was promoted although a file lacked has stopped early
		}
	}
}

// address is the server's.
func (r *run) address() string { return net.JoinHostPort(r.Dir, port) }

// alive asks the promoted server again and again.
func (r *run) alive(ctx context.Context, s *inside) error {
	promoted := time.Now()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for r.test.AliveFor < r.Alive {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.exited:
			return s.ended()
		case <-tick.C:
		}
		recovers, err := r.admin.Recovers(ctx, r.address(), silence)
		if err == nil && recovers {
			err = errors.New("it is in recovery again")
		}
		if err != nil {
			return errors.Join(err, s.ended())
		}
		r.test.AliveFor = time.Since(promoted)
	}
	return nil
}
