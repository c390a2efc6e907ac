package wiring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/recovery"
	"github.com/greenlang/fournines/internal/whole"
	"github.com/greenlang/fournines/internal/wing"
)

// lookFor is the longest look at a repository.
const lookFor = time.Minute

// repository is where a region's backups are, as this server itself reads it.
type repository struct {
	house  *wing.House
	region string

	mu      sync.Mutex // guards what follows
	laid    bool       // the bucket and our configuration are there
	seen    recovery.Seen
	err     string
	failing time.Time
	gap     time.Time
	leads   time.Time // since when its cluster is seen to take writes; zero: it does not
}

// stanza is the region's cluster in its repository; false: it has none.
func (r *repository) stanza() (pgbackrest.Stanza, bool) {
	h := r.house
	s, ok := assign.Stanza(h.Layout, h.Programs, h.Secrets, r.region)
	s.Home = filepath.Join(h.Dir, "recovery", r.region)
	s.Data, s.SocketDir = s.Home, s.Home // of no server: it reads the repository alone
	store, _ := h.Layout.BackupStore(h.Secrets, r.region)
	s.Repository.CAFile = store.CAFile
	return s, ok
}

// engine returns pgBackRest as this server runs it, after it has made what it needs.
func (r *repository) engine(ctx context.Context) (pgbackrest.Engine, error) {
	s, ok := r.stanza()
	if !ok {
		return pgbackrest.Engine{}, errors.New(r.lacks())
	}
	e := pgbackrest.Engine{Program: s.Program, Home: s.Home, Stanza: s.Name, Env: r.house.Programs.Env(), UID: -1, GID: -1}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.laid {
		return e, nil
	}
	if err := r.lay(ctx, s); err != nil {
		return e, fmt.Errorf("prepare the repository of %s: %w", r.region, err)
	}
	r.laid = true
	return e, nil
}

// lay makes the bucket, the configuration by which this server reads it, and the copy of its
// authority by which databases trust it.
func (r *repository) lay(ctx context.Context, s pgbackrest.Stanza) error {
	if err := r.show(); err != nil {
		return err
	}
	config, _, err := s.Config()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Home, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.Home, pgbackrest.ConfigFile), []byte(config), 0o600); err != nil {
		return err
	}
	store, err := s3.New(s3.Options{
		Endpoint: "https://" + s.Repository.Endpoint, Bucket: s.Repository.Bucket, CAFile: s.Repository.CAFile,
		Credentials: s3.Credentials{AccessKey: s.Repository.AccessKey, SecretKey: s.Repository.SecretKey}, Attempts: 2, Stall: assign.BucketStall,
	})
	if err != nil {
		return err
	}
	return store.EnsureVersioned(ctx)
}

// show lays the store's authority where databases, which run as another user, may read it.
func (r *repository) show() error {
	store, _ := r.house.Layout.BackupStore(r.house.Secrets, r.region)
	authority, err := os.ReadFile(store.CAFile)
	if err != nil {
		return fmt.Errorf("the store has no authority yet: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(store.Shown), 0o755); err != nil { //nolint:gosec // certificates are for everybody
		return err
	}
	return whole.Write(store.Shown, authority, 0o644)
}

// look reads what is there, and keeps it.
func (r *repository) look(ctx context.Context) (recovery.Seen, error) {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	seen, err := r.read(ctx)
	now := r.house.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.laid = false // the store may be another one since
		if r.err = err.Error(); r.failing.IsZero() {
			r.failing = now
		}
		return r.seen, err
	}
	r.err, r.failing = "", time.Time{}
	if newest, _ := seen.Newest(); newest.Label == "" || seen.Log.Reached {
		r.gap = time.Time{}
	} else if r.gap.IsZero() {
		r.gap = now
	}
	r.seen = seen
	return seen, nil
}

func (r *repository) read(ctx context.Context) (recovery.Seen, error) {
	e, err := r.engine(ctx)
	if err != nil {
		return recovery.Seen{}, err
	}
	seen := recovery.Seen{At: r.house.Now()}
	seen.Repository, err = e.Info(ctx)
	if errors.Is(err, pgbackrest.ErrNoStanza) { // the first backup makes it
		return seen, nil
	} else if err != nil {
		return seen, err
	}
	newest, _ := seen.Newest()
	if newest.Label == "" {
		return seen, nil
	}
	seen.Log, err = e.Chain(ctx, newest.Label, pgbackrest.Target{Kind: pgbackrest.Newest})
	return seen, err
}

// made reads the backup that an operation made, and the log that it needs.
func (r *repository) made(ctx context.Context, operation string) (b fact.Backup, log fact.WALChain, found bool, err error) {
	e, err := r.engine(ctx)
	if err != nil {
		return b, log, false, err
	}
	all, err := e.Info(ctx)
	if errors.Is(err, pgbackrest.ErrNoStanza) {
		return b, log, false, nil
	} else if err != nil {
		return b, log, false, err
	}
	for _, one := range all.Backups {
		if one.Annotations[recovery.OperationNote] == operation {
			log, err = e.Chain(ctx, one.Label, pgbackrest.Target{Kind: pgbackrest.Consistent})
			return one, log, true, err
		}
	}
	return b, log, false, nil
}

// reach reads whether a moment can be restored.
func (r *repository) reach(ctx context.Context, to time.Time) (recovery.Reach, error) {
	e, err := r.engine(ctx)
	if err != nil {
		return recovery.Reach{}, err
	}
	all, err := e.Info(ctx)
	if err != nil && !errors.Is(err, pgbackrest.ErrNoStanza) { // then nothing was ever stored
		return recovery.Reach{}, err
	}
	var log fact.WALChain
	if b, found := recovery.BackupFor(all, to); found {
		target := pgbackrest.Target{Kind: pgbackrest.At, Time: to}
		if to.IsZero() {
			target = pgbackrest.Target{Kind: pgbackrest.Newest}
		}
		if log, err = e.Chain(ctx, b.Label, target); err != nil {
			return recovery.Reach{}, err
		}
	}
	return recovery.ReachOf(r.region, all, log, to, r.house.Now()), nil
}

// lacks says why the region can have no backups; nothing where it can.
func (r *repository) lacks() string {
	h := r.house
	if _, ok := h.Layout.BackupStore(h.Secrets, r.region); !ok {
		return r.region + " has no object store to keep backups in: bring it up with its partner region, or with the platform's own store for the archive"
	}
	if h.Programs.PgBackRest == "" {
		return "pgBackRest is not installed: stop the platform, run `make engines`, and bring it up again"
	}
	return ""
}

// status returns what was seen of it, and since when its cluster leads.
func (r *repository) status(leads bool) recovery.View {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !leads:
		r.leads = time.Time{}
	case r.leads.IsZero():
		r.leads = r.house.Now()
	}
	since := r.house.Looking
	if r.leads.After(since) {
		since = r.leads
	}
	return recovery.View{Region: r.region, Lacks: r.lacks(), Since: since, Seen: r.seen, Error: r.err, Failing: r.failing, Gap: r.gap}
}
