package quorum

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/greenlang/fournines/internal/journal"
)

// page is how many groups are read at once, and readFor how long reading may take.
const (
	page    = 16
	readFor = 10 * time.Second
)

// follow appends what is decided until ctx ends. Damage ends it; everything else is tried again.
func (q *Quorum) follow(ctx context.Context, j *journal.Journal) error {
	for ctx.Err() == nil {
		revision, err := q.catchUp(ctx, j)
		if err == nil {
			err = q.watch(ctx, j, revision)
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was to end
		}
		if fatal(err) {
			return err
		}
		q.o.Log.Warn("following the journal is tried again", "err", err)
		sleep(ctx, 4*pause)
	}
	return nil
}

// fatal tells whether the journal itself is not what it should be.
func fatal(err error) bool {
	var damage *journal.DamageError
	return errors.As(err, &damage) || errors.Is(err, journal.ErrClosed)
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// watch appends groups as they are decided, from behind a revision on.
func (q *Quorum) watch(ctx context.Context, j *journal.Journal, revision int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for resp := range q.o.Client.Watch(ctx, groupPrefix, clientv3.WithPrefix(), clientv3.WithRev(revision+1), clientv3.WithFilterDelete()) {
		if err := resp.Err(); err != nil {
			return fmt.Errorf("watch the decided log: %w", err)
		}
		var groups []journal.Group
		for _, e := range resp.Events {
			g, err := journal.ParseGroup(e.Kv.Value)
			if err != nil {
				return err
			}
			groups = append(groups, g)
		}
		if err := j.Accept(ctx, groups...); err != nil {
			return err
		}
	}
	return errors.New("watch the decided log: it ended")
}

// catchUp appends everything that is decided, and returns the revision up to which that is so.
func (q *Quorum) catchUp(ctx context.Context, j *journal.Journal) (int64, error) {
	for {
		e, revision, decided, err := q.readEnd(ctx)
		if err != nil || !decided {
			return revision, err
		}
		ours := endOf(j)
		switch {
		case ours == e:
			return revision, nil
		case ours.size > e.size:
			return 0, &journal.DamageError{Dir: j.Dir(), Index: e.size, Kind: journal.Forked, Detail: fmt.Sprintf("it holds %d entries, and the servers have decided %d: their state is older than this journal", ours.size, e.size)}
		case ours.size == e.size:
			return 0, &journal.DamageError{Dir: j.Dir(), Kind: journal.Forked, Detail: fmt.Sprintf("its %d entries have the root %.16s…, the servers have decided %.16s…", e.size, ours.root, e.root)}
		}
		if err := q.take(ctx, j, ours.size, e.size); err != nil {
			return 0, err
		}
	}
}

func (q *Quorum) readEnd(ctx context.Context) (e end, revision int64, decided bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	resp, err := q.o.Client.Get(ctx, nextKey)
	if err != nil {
		return end{}, 0, false, fmt.Errorf("ask how far the log is decided: %w", err)
	}
	if len(resp.Kvs) == 0 {
		return end{}, resp.Header.Revision, false, nil
	}
	e, err = parseEnd(resp.Kvs[0].Value)
	return e, resp.Header.Revision, true, err
}

// take appends some of the entries from one index on, below another: from etcd what it keeps, the
// rest from another server.
func (q *Quorum) take(ctx context.Context, j *journal.Journal, from, to uint64) error {
	short, cancel := context.WithTimeout(ctx, readFor)
	defer cancel()
	resp, err := q.o.Client.Get(short, groupKey(from), clientv3.WithRange(clientv3.GetPrefixRangeEnd(groupPrefix)), clientv3.WithLimit(page), clientv3.WithSort(clientv3.SortByKey, clientv3.SortAscend))
	if err != nil {
		return fmt.Errorf("read the decided log from %d on: %w", from, err)
	}
	var groups []journal.Group
	for _, kv := range resp.Kvs {
		g, err := journal.ParseGroup(kv.Value)
		if err != nil {
			return fmt.Errorf("key %s: %w", kv.Key, err)
		}
		groups = append(groups, g)
	}
	if len(groups) > 0 && groups[0].First == from {
		return j.Accept(ctx, groups...)
	}
	if len(groups) > 0 {
		to = groups[0].First
	}
	if q.o.Fetch == nil {
		return fmt.Errorf("entries %d to %d are kept by no other server", from, to-1)
	}
	q.o.Log.Info("entries come from another server, because the quorum keeps them no more", "from", from, "to", to)
	return q.o.Fetch(ctx, from, to, func(g journal.Group) error { return j.Accept(ctx, g) })
}
