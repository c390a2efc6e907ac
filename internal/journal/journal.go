package journal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ErrClosed is returned by a journal that was closed or has failed to sync.
var ErrClosed = errors.New("journal is closed")

// Journal is an open log. Its methods may be called from any goroutine.
type Journal struct {
	dir  string
	now  func() time.Time
	file *os.File
	lock *os.File

	requests chan *request // to the committer
	stopped  chan struct{} // closed when the committer has ended

	mu      sync.RWMutex // guards what follows
	offsets []int64
	end     int64
	head    Head
	failed  error
	grown   chan struct{} // closed and replaced when entries were added

	tree *tree // the committer's own
}

type request struct {
	entries []Entry
	first   uint64
	err     error
	done    chan struct{}
}

// maxGroup bounds the entries that share one fsync.
const maxGroup = 4096

// Open opens the journal in dir, made when missing, and locks it against a second
// writer. now stamps entries that carry no time of their own.
func Open(dir string, now func() time.Time) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	j, err := open(dir, now)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	j.lock = lock
	go j.commit()
	return j, nil
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	for tries := lockTries; ; tries-- {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if tries == 0 {
			return nil, errors.Join(fmt.Errorf("journal %s is in use by another server (%w); stop it first", dir, err), f.Close())
		}
		time.Sleep(lockPause)
	}
}

// A lock outlives its holder for a moment: a process that the holder was just starting
// has it too, until it becomes another program.
const (
	lockTries = 50
	lockPause = 20 * time.Millisecond
)

func open(dir string, now func() time.Time) (*Journal, error) {
	s, err := walk(dir)
	if err != nil {
		return nil, err
	}
	head, err := s.tree.head()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if s.torn > 0 {
		if err := f.Truncate(s.end); err != nil {
			return nil, errors.Join(fmt.Errorf("cut torn tail of journal: %w", err), f.Close())
		}
	}
	if err := syncDir(dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Journal{
		dir: dir, now: now, file: f, offsets: s.offsets, end: s.end, head: head, tree: s.tree,
		requests: make(chan *request, maxGroup), stopped: make(chan struct{}), grown: make(chan struct{}),
	}, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// Dir returns the journal's directory.
func (j *Journal) Dir() string { return j.dir }

// Append adds entries in order, next to each other, and returns the index of the
// first. When it returns without error they are durable. With an error from ctx
// they may be added later all the same: repeat under an idempotency key.
func (j *Journal) Append(ctx context.Context, entries ...Entry) (uint64, error) {
	r := &request{entries: entries, done: make(chan struct{})}
	select {
	case <-j.stopped:
		return 0, j.closedErr()
	case <-ctx.Done():
		return 0, fmt.Errorf("append to journal: %w", ctx.Err())
	case j.requests <- r:
	}
	select {
	case <-r.done:
		return r.first, r.err
	case <-j.stopped:
		select { // it may have been the last group
		case <-r.done:
			return r.first, r.err
		default:
			return 0, j.closedErr()
		}
	case <-ctx.Done():
		return 0, fmt.Errorf("append to journal: %w", ctx.Err())
	}
}

func (j *Journal) closedErr() error {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.failed != nil {
		return fmt.Errorf("%w: %w", ErrClosed, j.failed)
	}
	return ErrClosed
}

// Head returns the size and tree head of what is durable.
func (j *Journal) Head() Head {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.head
}

// Read returns up to n records from index from on; fewer at the end of the log.
func (j *Journal) Read(from uint64, n int) ([]Record, error) {
	j.mu.RLock()
	size := uint64(len(j.offsets))
	if from >= size || n <= 0 {
		j.mu.RUnlock()
		return nil, nil
	}
	to := min(size, from+uint64(n))
	start, stop := j.offsets[from], j.end
	if to < size {
		stop = j.offsets[to]
	}
	j.mu.RUnlock()

	buf := make([]byte, stop-start)
	if _, err := j.file.ReadAt(buf, start); err != nil {
		return nil, fmt.Errorf("read journal entries %d to %d: %w", from, to-1, err)
	}
	out := make([]Record, 0, to-from)
	for len(buf) > 0 {
		payload, rest, err := nextFrame(buf)
		if err != nil {
			return nil, &DamageError{j.dir, from + uint64(len(out)), "its bytes do not match their checksum"}
		}
		r, err := decode(payload)
		if err != nil {
			return nil, &DamageError{j.dir, from + uint64(len(out)), err.Error()}
		}
		out = append(out, r)
		buf = rest
	}
	return out, nil
}

// Wait returns the size once it is above size.
func (j *Journal) Wait(ctx context.Context, size uint64) (uint64, error) {
	for {
		j.mu.RLock()
		now, grown := j.head.Size, j.grown
		j.mu.RUnlock()
		if now > size {
			return now, nil
		}
		select {
		case <-grown:
		case <-j.stopped:
			return now, j.closedErr()
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}

// Follow yields every record from index from on, in order, and then each new one
// as it becomes durable, until ctx ends.
func (j *Journal) Follow(ctx context.Context, from uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for {
			records, err := j.Read(from, 256)
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
				from++
			}
			if len(records) > 0 {
				continue
			}
			if _, err := j.Wait(ctx, from); err != nil {
				yield(Record{}, err)
				return
			}
		}
	}
}

// Close commits what was accepted and releases the directory. It may be called twice.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.failed == nil {
		j.failed = errClosing
	}
	j.mu.Unlock()
	select {
	case j.requests <- nil:
	case <-j.stopped:
	}
	<-j.stopped
	err := errors.Join(j.file.Close(), j.lock.Close())
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

var errClosing = errors.New("closed by its owner")
