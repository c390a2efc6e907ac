package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// ErrClosed is returned by a journal that was closed or has failed to sync.
var ErrClosed = errors.New("journal is closed")

// Options say how a journal is opened. The zero value is usable.
type Options struct {
	Now          func() time.Time // stamps entries that carry no time of their own; nil: time.Now
	Origin       string           // name of the log in its checkpoints, used when it is made; "": a random one
	SegmentBytes int64            // size at which a new segment is begun; 0: 64 MiB
	PublishEvery time.Duration    // least time between two checkpoints; 0: 1 s
	Kinds        []Kind           // what may be appended; nil: every kind
	Log          *slog.Logger     // hears when publishing fails and goes on again; nil: nobody
	Key          string           // private key that the journal signs with, used when it is made; "": a new one

	// Decide is asked before a group of appended entries is written, where several servers
	// hold one log: without an error the group is decided for all of them. ErrNotLeader
	// refuses it; with any other error nobody knows, and the journal takes nothing more.
	Decide func(Group) error

	disk disk
}

const (
	defaultSegment = 64 << 20
	defaultPublish = time.Second
)

func (o Options) filled() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = defaultSegment
	}
	if o.PublishEvery <= 0 {
		o.PublishEvery = defaultPublish
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Journal is an open log. Its methods may be called from any goroutine.
type Journal struct {
	dir   string
	o     Options
	kinds map[string]Kind
	keys  keys
	lock  *os.File
	files openFiles
	tree  *tiles.Tree

	requests chan *request // to the committer
	stopped  chan struct{} // closed when the committer has ended
	asked    chan chan error
	finished chan struct{} // closed when the publisher has ended
	closing  sync.Once
	closed   error // what Close returned

	mu         sync.RWMutex // guards what follows
	segments   []*segment
	head       acknowledged
	failed     error
	grown      chan struct{} // closed and replaced when entries were added
	checkpoint []byte        // the newest one
	published  uint64        // its size

	committer committer // the committer's own
	publisher publisher // the publisher's own
}

// Open opens the journal in dir with the default options, made when missing, and locks
// it against a second writer. now stamps entries that carry no time of their own.
func Open(dir string, now func() time.Time) (*Journal, error) { return Options{Now: now}.Open(dir) }

// Dir returns the journal's directory.
func (j *Journal) Dir() string { return j.dir }

// Append adds entries in order, next to each other, and returns the index of the first.
// When it returns without error they are durable. After an error from ctx they may still be
// added later: repeat the call under an idempotency key.
func (j *Journal) Append(ctx context.Context, entries ...Entry) (uint64, error) {
	r, err := j.request(entries)
	if err != nil {
		return 0, err
	}
	return j.submit(ctx, r)
}

// submit hands a request to the committer and waits for its answer.
func (j *Journal) submit(ctx context.Context, r *request) (uint64, error) {
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

// Close commits what was accepted, publishes it and releases the directory. It may be
// called twice.
func (j *Journal) Close() error {
	j.closing.Do(func() {
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
		<-j.finished
		j.closed = errors.Join(j.publisher.last, j.committer.file.Close(), j.committer.headFile.Close(), j.files.close(), j.lock.Close())
	})
	return j.closed
}

var errClosing = errors.New("closed by its owner")
