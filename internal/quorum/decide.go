package quorum

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/greenlang/fournines/internal/journal"
)

// ErrDeposed means that another server leads, or may lead.
var ErrDeposed = errors.New("this server no longer leads")

// tryFor bounds one try of a transaction, pause is the time between two.
const (
	tryFor = 2 * time.Second
	pause  = 50 * time.Millisecond
)

// Decide decides a group for all servers. It is the journal's Options.Decide: it returns
// [journal.ErrNotLeader] where this server does not lead, nil when the group is decided,
// and any other error when nobody knows.
func (q *Quorum) Decide(g journal.Group) error {
	q.mu.Lock()
	term, prev, reason := q.term, q.next, q.reason
	q.mu.Unlock()
	if term == 0 || prev == "" { // elected perhaps, and not the log's owner yet
		return journal.ErrNotLeader
	}
	if reason != nil {
		return fmt.Errorf("%w: %w", ErrDeposed, reason)
	}
	key, value, next := groupKey(g.First), g.Encode(), end{g.Next(), hex.EncodeToString(g.Root[:])}.String()
	for {
		err := q.offer(term, prev, key, value, next)
		if err == nil {
			q.mu.Lock()
			q.next = next
			q.kept, q.bytes = append(q.kept, kept{g.First, len(value)}), q.bytes+len(value)
			q.mu.Unlock()
			q.cut()
			return nil
		}
		q.mu.Lock()
		until := q.until
		q.mu.Unlock()
		if errors.Is(err, ErrDeposed) || !time.Now().Before(until) {
			q.lose(err)
			return err
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-q.lost:
			t.Stop()
			return fmt.Errorf("%w: %w", ErrDeposed, q.Reason())
		}
	}
}

// offer tries once. After an error that is not ErrDeposed the same may be tried again:
// the transaction takes effect once.
func (q *Quorum) offer(term int64, prev, key string, value []byte, next string) error {
	ctx, cancel := context.WithTimeout(context.Background(), tryFor)
	defer cancel()
	resp, err := q.o.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(leaderKey), "=", term), clientv3.Compare(clientv3.Value(nextKey), "=", prev)).
		Then(clientv3.OpPut(key, string(value)), clientv3.OpPut(nextKey, next)).
		Else(clientv3.OpGet(leaderKey), clientv3.OpGet(nextKey), clientv3.OpGet(key)).
		Commit()
	if err != nil {
		return fmt.Errorf("decide entries: %w", err)
	}
	if resp.Succeeded {
		return nil
	}
	got := func(i int) []byte {
		if kvs := resp.Responses[i].GetResponseRange().Kvs; len(kvs) > 0 {
			return kvs[0].Value
		}
		return nil
	}
	if kvs := resp.Responses[0].GetResponseRange().Kvs; len(kvs) == 0 || kvs[0].CreateRevision != term {
		return fmt.Errorf("%w: %s", ErrDeposed, orNobody(got(0)))
	}
	if string(got(1)) == next && bytes.Equal(got(2), value) {
		return nil // an earlier try, whose answer was lost
	}
	return fmt.Errorf("%w: the decided log ends with %q instead of %q", ErrDeposed, got(1), prev)
}

func orNobody(b []byte) string {
	if len(b) == 0 {
		return "its lease is over"
	}
	return "the leader is " + string(b)
}

// cut drops the oldest groups, in the background, when etcd holds more than it should.
func (q *Quorum) cut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.cutting || q.bytes <= q.o.Keep {
		return
	}
	n := 0
	for bytes := q.bytes; n < len(q.kept)-1 && bytes > q.o.Keep/2; n++ {
		bytes -= q.kept[n].bytes
	}
	if n == 0 {
		return
	}
	q.cutting = true
	go q.drop(q.kept[n].first, n)
}

func (q *Quorum) drop(first uint64, n int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	resp, err := q.o.Client.Txn(ctx).If(q.Guard()...).Then(clientv3.OpDelete(groupPrefix, clientv3.WithRange(groupKey(first)))).Commit()
	if err == nil && resp.Succeeded && q.o.Compact {
		_, err = q.o.Client.Compact(ctx, resp.Header.Revision)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.cutting = false
	if err != nil {
		q.o.Log.Warn("groups of entries that every server has could not be dropped; it is tried again", "err", err)
		return
	}
	for _, k := range q.kept[:n] {
		q.bytes -= k.bytes
	}
	q.kept = append([]kept(nil), q.kept[n:]...)
}
