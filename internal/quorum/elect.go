package quorum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/greenlang/fournines/internal/journal"
)

// lookEvery is how often it is asked who leads when no change is heard of.
const lookEvery = time.Second

// Elect follows the decided log until this server leads and holds all of it. It returns
// with an error when ctx ends, or when the journal is not the one that was decided.
func (q *Quorum) Elect(ctx context.Context, j *journal.Journal) error {
	for {
		if err := q.followUntilElected(ctx, j); err != nil {
			return err
		}
		err := q.takeOver(ctx, j)
		if err == nil {
			return nil
		}
		if fatal(err) || ctx.Err() != nil {
			return errors.Join(err, q.Resign(context.WithoutCancel(ctx)))
		}
		// Somebody else may be able to: give it up, and go on following.
		q.o.Log.Error("this server was elected, and cannot take over", "err", err)
		if err := q.Resign(ctx); err != nil {
			q.o.Log.Warn("the leadership could not be given up; it ends with its lease", "err", err)
		}
		sleep(ctx, q.o.TTL)
	}
}

// followUntilElected follows the log and campaigns; afterwards nothing else appends to it.
func (q *Quorum) followUntilElected(ctx context.Context, j *journal.Journal) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var followed error
	wg.Go(func() {
		if followed = q.follow(ctx, j); followed != nil {
			cancel()
		}
	})
	err := q.campaign(ctx)
	cancel()
	wg.Wait()
	if followed != nil {
		return followed
	}
	return err
}

// campaign returns when this server is elected.
func (q *Quorum) campaign(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		l, revision, err := q.readLeaderSoon(ctx)
		if err != nil {
			q.know(Leader{})
			q.o.Log.Warn("who leads cannot be told", "err", err)
			sleep(ctx, 4*pause)
			continue
		}
		q.know(l)
		if l.Name == q.o.Name {
			// An earlier life of ours, which is over: this one has the journal's lock.
			if err := q.revoke(ctx, l.lease); err != nil {
				q.o.Log.Warn("the lease of an earlier life could not be ended; it ends by itself", "err", err)
				q.awaitVacancy(ctx, revision)
			}
			q.forgetTenure(ctx) // it was killed, and has not lost its lease
			continue
		}
		if l.Name != "" {
			q.awaitVacancy(ctx, revision)
			continue
		}
		won, err := q.stand(ctx)
		if err != nil {
			q.o.Log.Warn("the election did not work, and is tried again", "err", err)
		}
		if won {
			return nil
		}
		if err != nil || !q.o.Seed {
			sleep(ctx, 4*pause)
		}
	}
}

func (q *Quorum) readLeaderSoon(ctx context.Context) (Leader, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	return q.readLeader(ctx)
}

// awaitVacancy waits until the leader has changed, or long enough to look again.
func (q *Quorum) awaitVacancy(ctx context.Context, revision int64) {
	ctx, cancel := context.WithTimeout(ctx, lookEvery)
	defer cancel()
	for resp := range q.o.Client.Watch(ctx, leaderKey, clientv3.WithRev(revision+1)) {
		if resp.Err() != nil || len(resp.Events) > 0 {
			return
		}
	}
	<-ctx.Done()
}

// stand tries to become the leader once.
func (q *Quorum) stand(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	if !q.o.Seed {
		if _, _, decided, err := q.readEnd(ctx); err != nil || !decided {
			return false, err // the log's beginning is another server's
		}
	}
	sent := time.Now()
	last, err := q.lastTenure(ctx)
	if err != nil {
		return false, err
	}
	mine := tenure{TTL: leaseFor(q.o.TTL, last, sent), Began: sent}
	lease, err := q.o.Client.Grant(ctx, int64(mine.TTL/time.Second))
	if err != nil {
		return false, err
	}
	kept, err := json.Marshal(mine)
	if err != nil {
		return false, err
	}
	b, err := json.Marshal(Leader{Name: q.o.Name})
	if err != nil {
		return false, err
	}
	resp, err := q.o.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(leaderKey), "=", 0)).
		Then(clientv3.OpPut(leaderKey, string(b), clientv3.WithLease(lease.ID)), clientv3.OpPut(tenureKey, string(kept))).
		Commit()
	if err != nil || !resp.Succeeded {
		// Of a lost answer the lease is the end: nobody keeps it alive.
		return false, err
	}
	q.mu.Lock()
	q.term, q.lease, q.until, q.next = resp.Header.Revision, lease.ID, sent.Add(time.Duration(lease.TTL)*time.Second), ""
	q.resigned = make(chan struct{})
	resigned := q.resigned
	q.mu.Unlock()
	if mine.TTL > q.o.TTL {
		q.o.Log.Warn("the leader before lost its lease soon after it had it: this one is longer", "lease", mine.TTL)
	}
	q.know(Leader{Name: q.o.Name, Term: resp.Header.Revision})
	go q.keepAlive(lease.ID, mine.TTL, resigned) //nolint:gosec // a lease is kept for longer than the election takes
	return true, nil
}

// keepAlive renews the lease, and says when it could be over: a leader stops a sixth of it before.
func (q *Quorum) keepAlive(lease clientv3.LeaseID, ttl time.Duration, resigned <-chan struct{}) {
	for {
		q.mu.Lock()
		until, ours := q.until.Add(-ttl/6), q.lease == lease
		q.mu.Unlock()
		if !ours {
			return
		}
		sent := time.Now()
		if !sent.Before(until) {
			q.lose(fmt.Errorf("%w: its lease was not renewed in time", ErrDeposed))
			return
		}
		// A member that was cut off never answers; the next try reaches another one.
		short := sent.Add(ttl / 3)
		if short.After(until) {
			short = until
		}
		ctx, cancel := context.WithDeadline(context.Background(), short)
		resp, err := q.o.Client.KeepAliveOnce(ctx, lease)
		cancel()
		switch {
		case errors.Is(err, rpctypes.ErrLeaseNotFound):
			q.mu.Lock()
			ours = q.lease == lease
			q.mu.Unlock()
			if ours {
				q.lose(fmt.Errorf("%w: its lease is gone", ErrDeposed))
			}
			return
		case err == nil:
			q.mu.Lock()
			if q.lease == lease {
				q.until = sent.Add(time.Duration(resp.TTL) * time.Second)
			}
			q.mu.Unlock()
		}
		t := time.NewTimer(ttl / 6)
		select {
		case <-t.C:
		case <-q.lost:
			t.Stop()
			return
		case <-resigned:
			t.Stop()
			return
		}
	}
}

// takeOver makes the journal hold everything that is decided, and lets it decide.
func (q *Quorum) takeOver(ctx context.Context, j *journal.Journal) error {
	q.o.Crash("elected")
	if _, err := q.catchUp(ctx, j); err != nil {
		return err
	}
	q.o.Crash("caught-up")
	ours := endOf(j).String()
	resp, err := q.o.Client.Txn(ctx).
		If(append(q.Guard(), clientv3.Compare(clientv3.CreateRevision(nextKey), "=", 0))...).
		Then(clientv3.OpPut(nextKey, ours)).
		Else(clientv3.OpGet(nextKey), clientv3.OpGet(leaderKey)).
		Commit()
	if err != nil {
		return fmt.Errorf("take the decided log over: %w", err)
	}
	if !resp.Succeeded {
		leader, next := resp.Responses[1].GetResponseRange().Kvs, resp.Responses[0].GetResponseRange().Kvs
		if len(leader) == 0 || leader[0].CreateRevision != q.Term() {
			return ErrDeposed
		}
		if len(next) == 0 || string(next[0].Value) != ours {
			return errors.New("the decided log changed while it was read")
		}
	}
	list, err := q.o.Client.Get(ctx, groupPrefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		return fmt.Errorf("list the decided groups: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.kept, q.bytes = nil, 0
	for _, kv := range list.Kvs {
		var first uint64
		if _, err := fmt.Sscanf(string(kv.Key), groupPrefix+"%d", &first); err != nil {
			return fmt.Errorf("key %s does not name a group", kv.Key)
		}
		q.kept, q.bytes = append(q.kept, kept{first, guess}), q.bytes+guess
	}
	q.next = ours
	q.o.Crash("taken-over")
	return nil
}

// guess is what a group counts for whose size is not known, in bytes.
const guess = 8 << 10

// Resign gives up the leadership, so that another server can take it at once.
func (q *Quorum) Resign(ctx context.Context) error {
	q.mu.Lock()
	lease, lost := q.lease, q.reason != nil
	q.term, q.lease = 0, 0
	if lease != 0 {
		close(q.resigned)
	}
	q.mu.Unlock()
	if lease == 0 {
		return nil
	}
	if !lost {
		q.forgetTenure(ctx)
	}
	if err := q.revoke(ctx, lease); err != nil {
		return fmt.Errorf("give the leadership up: %w", err)
	}
	q.know(Leader{})
	return nil
}

func (q *Quorum) revoke(ctx context.Context, lease clientv3.LeaseID) error {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	if _, err := q.o.Client.Revoke(ctx, lease); err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return err
	}
	return nil
}
