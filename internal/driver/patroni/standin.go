package patroni

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// StandInName is the member that a server of another cluster appears as, see [Lock.StandIn].
const StandInName = "fournines-partner"

// standsFor is how many seconds a server stands in at most, when nobody ends it.
const standsFor = 20

// StandIn lets the server at host appear as a member of the cluster to copy from, until end is
// called, or for 20 s. Patroni's members copy from their own cluster alone, and of a standby cluster that
// its partner has outrun none has what is needed.
//
// Where member leads, or nobody does, the server also appears as leader, because Patroni refuses
// to copy without one, and on the leader. Any other leader stays.
func (l Lock) StandIn(ctx context.Context, host, member string) (end func(context.Context) error, err error) {
	value, err := json.Marshal(map[string]any{
		"conn_url": "postgres://" + net.JoinHostPort(host, strconv.Itoa(PostgresPort)) + "/postgres", "state": "running", "role": "primary",
		// Nobody shall keep a slot for it, or think that it could take over.
		"tags": map[string]bool{"clonefrom": true, "nostream": true, "nofailover": true},
	})
	if err != nil {
		return nil, err
	}
	lease, err := l.Client.Grant(ctx, standsFor)
	if err != nil {
		return nil, fmt.Errorf("let %s stand in as a member of %s: %w", host, l.Scope, err)
	}
	end = func(ctx context.Context) error {
		_, err := l.Client.Revoke(ctx, lease.ID)
		return err
	}
	appear := clientv3.OpPut(l.key("members/"+StandInName), string(value), clientv3.WithLease(lease.ID))
	lead := clientv3.OpPut(l.key("leader"), StandInName, clientv3.WithLease(lease.ID))
	leader, err := l.Client.Get(ctx, l.key("leader"))
	if err == nil {
		held := clientv3.Compare(clientv3.ModRevision(l.key("leader")), "=", 0)
		if len(leader.Kvs) > 0 {
			held = clientv3.Compare(clientv3.Value(l.key("leader")), "=", string(leader.Kvs[0].Value))
		}
		ops := []clientv3.Op{appear}
		if len(leader.Kvs) == 0 || string(leader.Kvs[0].Value) == member || string(leader.Kvs[0].Value) == StandInName {
			ops = append(ops, lead)
		}
		var done *clientv3.TxnResponse
		if done, err = l.Client.Txn(ctx).If(held).Then(ops...).Commit(); err == nil && !done.Succeeded {
			err = ErrNotHeld
		}
	}
	if err != nil {
		_ = end(context.WithoutCancel(ctx)) // it ends by itself
		return nil, fmt.Errorf("let %s stand in as a member of %s: %w", host, l.Scope, err)
	}
	return end, nil
}

// knowsWithin is how long a member's Patroni may take to see what was written into its etcd.
const knowsWithin = 5 * time.Second

// CopyFrom makes a member forget all of its data and copy those of the server at host, which
// another cluster leads. It returns once the member has begun; the caller verifies the effect.
func CopyFrom(ctx context.Context, l Lock, member REST, host, name string) (err error) {
	end, err := l.StandIn(ctx, host, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end(context.WithoutCancel(ctx))) }()
	known, cancel := context.WithTimeout(ctx, knowsWithin)
	defer cancel()
	for {
		knows, err := member.Knows(known, StandInName)
		if err == nil && knows {
			return member.Reinitialize(ctx, false)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-known.Done():
			return errors.Join(fmt.Errorf("%s does not see %s, which it shall copy", name, host), err)
		}
	}
}
