package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/kit/audit"
)

// slots is how many batches are inside at a time, being read or appended.
const slots = 16

// Service takes events into the journal.
type Service struct {
	o       Options
	seen    *seen
	tenants *tenants
	slots   chan struct{}
	filled  chan struct{} // closed when seen knows the journal
	failed  error         // the context ended before

	mu      sync.Mutex               // guards what follows
	pending map[uint64]chan struct{} // ids of batches that are inside
	low     map[*batch]uint64        // of each batch inside: the journal's size when it came
}

// unavailable is a batch that cannot be taken now, and of which nothing was recorded.
type unavailable struct {
	why   error
	after time.Duration
}

func (e *unavailable) Error() string { return e.why.Error() }
func (e *unavailable) Unwrap() error { return e.why }

func later(after time.Duration, format string, args ...any) error {
	return &unavailable{fmt.Errorf(format, args...), after}
}

// Open returns a service that first reads the recently recorded ids from the journal and
// accepts nothing until then. The caller ends ctx, and then calls Close.
func Open(ctx context.Context, o Options) (*Service, error) {
	o = o.filled()
	if err := o.check(); err != nil {
		return nil, err
	}
	ids, err := openSeen(o.Dir, o.runIDs)
	if err != nil {
		return nil, err
	}
	s := &Service{
		o: o, seen: ids, tenants: newTenants(o.Quota, o.tenants), slots: make(chan struct{}, o.slots), filled: make(chan struct{}),
		pending: map[uint64]chan struct{}{}, low: map[*batch]uint64{},
	}
	go s.fill(ctx)
	return s, nil
}

// fill reads the journal, again and again where its disk is full or does not answer.
func (s *Service) fill(ctx context.Context) {
	defer close(s.filled)
	for {
		err := s.seen.fill(ctx, s.o.Journal, s.o.Now())
		if err == nil || ctx.Err() != nil {
			s.failed = err
			return
		}
		s.o.Log.Error("audit events wait: which of them the journal has cannot be told yet, and is tried again", "dir", s.o.Dir, "err", err)
		t := time.NewTimer(refill)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// refill is the time between two tries to read the journal.
const refill = 5 * time.Second

// Close waits until nothing reads the journal any more; end the context of Open first.
func (s *Service) Close() {
	<-s.filled
	s.seen.close()
}

// ready tells whether batches can be taken, as far as that is known before one is read.
func (s *Service) ready() error {
	select {
	case <-s.filled:
	default:
		return later(time.Second, "the server has just started and still reads which events it has; try again")
	}
	if s.failed != nil {
		return later(time.Second, "the server ends: %w", s.failed)
	}
	if s.seen.count() > 4*s.o.runIDs {
		return later(10*time.Second, "the index of event ids cannot be written: see the server's log")
	}
	if err := s.o.Room(); err != nil {
		return later(5*time.Second, "%w", err)
	}
	return nil
}

// Take records a batch that was checked. Of a batch that ends in an error nothing was
// recorded, or it may have been and is found again when the batch is repeated.
func (s *Service) Take(ctx context.Context, application string, events []audit.Event) (audit.Answer, error) {
	b := &batch{application: application, events: events, results: make([]audit.Result, len(events)), hashes: make([]uint64, len(events))}
	for i := range events {
		b.hashes[i] = idHash(application, events[i].Tenant, events[i].ID)
		b.results[i].ID = events[i].ID
	}
	select {
	case <-s.filled:
	case <-ctx.Done():
		return audit.Answer{}, later(time.Second, "the server has just started: %w", ctx.Err())
	}
	release, err := s.reserve(ctx, b)
	if err != nil {
		return audit.Answer{}, err
	}
	defer release()
	if err := b.known(s); err != nil {
		return audit.Answer{}, err
	}
	b.admit(s.tenants, s.o.Now())
	if err := s.append(b); err != nil {
		b.giveBack(s.tenants)
		return audit.Answer{}, err
	}
	for i, k := range b.twins {
		b.results[i].Index, b.results[i].Error, b.results[i].Duplicate = b.results[k].Index, b.results[k].Error, b.results[k].Error == nil
	}
	return audit.Answer{Results: b.results, Head: audit.Head(s.o.Journal.Head())}, nil
}

func (s *Service) append(b *batch) error {
	entries := make([]journal.Entry, 0, len(b.fresh))
	for _, i := range b.fresh {
		e, err := sealed(s.o.Sealer, b.application, &b.events[i])
		if err != nil {
			return later(5*time.Second, "seal personal data of event %s: %w", b.events[i].ID, err)
		}
		entries = append(entries, e)
	}
	if len(entries) == 0 {
		return nil
	}
	s.o.Crash("before-append")
	// Not with the caller's context: whether it was recorded must be known.
	first, err := s.o.Journal.Append(context.Background(), entries...)
	if err != nil {
		return later(5*time.Second, "the journal does not take entries now: %w", err)
	}
	pairs := make([]pair, len(b.fresh))
	for k, i := range b.fresh {
		b.results[i].Index = first + uint64(k)
		pairs[k] = pair{b.hashes[i], b.results[i].Index}
	}
	s.seen.add(pairs)
	s.o.Crash("after-append")
	if err := s.seen.spill(s.settled(b), s.o.Now()); err != nil {
		s.o.Log.Warn("the index of event ids could not be written; it stays in memory", "err", err)
	}
	return nil
}
