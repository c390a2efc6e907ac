package patroni

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/greenlang/fournines/internal/fact"
)

// Lock is the cluster's leader key in the region's etcd.
type Lock struct {
	Client   *clientv3.Client
	Scope    string
	Declared map[string]any // what the configuration shall say, see [Member.Declared]; nil: it is not compared
}

func (l Lock) key(name string) string { return "/service/" + l.Scope + "/" + name }

// Read returns the leader key with its lease, and who may take over without loss.
func (l Lock) Read(ctx context.Context) (fact.PostgresLock, error) {
	var f fact.PostgresLock
	resp, err := l.Client.Txn(ctx).Then(clientv3.OpGet(l.key("leader")), clientv3.OpGet(l.key("sync")), clientv3.OpGet(l.key("config"))).Commit()
	if err != nil {
		return f, fmt.Errorf("read leader key of %s: %w", l.Scope, err)
	}
	for i, r := range resp.Responses {
		for _, kv := range r.GetResponseRange().Kvs {
			switch i {
			case 0:
				f.Leader, f.Lease = string(kv.Value), kv.Lease
			case 1:
				if err := readSync(kv.Value, &f); err != nil {
					return f, fmt.Errorf("read sync key of %s: %w", l.Scope, err)
				}
			case 2:
				var c struct {
					Pause   bool           `json:"pause"`
					Standby map[string]any `json:"standby_cluster"`
					Slots   map[string]any `json:"slots"`
				}
				if err := json.Unmarshal(kv.Value, &c); err != nil {
					return f, fmt.Errorf("read config key of %s: %w", l.Scope, err)
				}
				f.Paused, f.Standby, f.Reserved = c.Pause, len(c.Standby) > 0, c.Slots[PartnerSlot] != nil
				if f.Differs, err = differs(l.Declared, kv.Value); err != nil {
					return f, fmt.Errorf("read config key of %s: %w", l.Scope, err)
				}
			}
		}
	}
	return f, nil
}

func readSync(b []byte, f *fact.PostgresLock) error {
	var s struct {
		Leader      string `json:"leader"`
		SyncStandby string `json:"sync_standby"`
		Quorum      int    `json:"quorum"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	f.SyncOwner, f.Quorum, f.Sync = s.Leader, s.Quorum, nil
	for name := range strings.SplitSeq(s.SyncStandby, ",") {
		if name != "" {
			f.Sync = append(f.Sync, name)
		}
	}
	return nil
}

// ErrNotHeld means that the lock is not what the caller saw: somebody else holds it by now, or nobody.
var ErrNotHeld = errors.New("the leader key is not held as seen")

// Release takes the lock from leader if it still holds it under that very lease, and
// revokes the lease, so that the old leader can never renew it. It must only be called
// with a proof that leader is fenced. Repeating it is harmless: [ErrNotHeld].
//
// In the same transaction the leader's entry among the members says that it is stopped
// and has no address. Patroni asks every member with an address for its position before
// it promotes, and would wait 2 s for one whose network is gone. A member that comes back
// writes its entry anew.
//
// Where to is not empty, the others leave the lock to that member while it is healthy. Patroni
// does not compare what they have then: the caller has.
func (l Lock) Release(ctx context.Context, leader string, lease int64, to string) error {
	rest, err := l.Client.Grant(ctx, stoppedFor)
	if err != nil {
		return fmt.Errorf("release leader key of %s: %w", l.Scope, err)
	}
	effects := []clientv3.Op{clientv3.OpPut(l.key("members/"+leader), `{"role":"replica","state":"stopped"}`, clientv3.WithLease(rest.ID))}
	if to != "" {
		wish, err := json.Marshal(map[string]string{"leader": leader, "member": to})
		if err != nil {
			return fmt.Errorf("release leader key of %s: %w", l.Scope, err)
		}
		effects = append(effects, clientv3.OpPut(l.key("failover"), string(wish), clientv3.WithLease(rest.ID)))
	}
	resp, err := l.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.Value(l.key("leader")), "=", leader), clientv3.Compare(clientv3.LeaseValue(l.key("leader")), "=", lease)).
		Then(append(effects, clientv3.OpDelete(l.key("leader")))...).
		Commit()
	if err != nil {
		return fmt.Errorf("release leader key of %s: %w", l.Scope, err)
	}
	if !resp.Succeeded {
		return fmt.Errorf("release leader key of %s from %s: %w", l.Scope, leader, ErrNotHeld)
	}
	if _, err := l.Client.Revoke(ctx, clientv3.LeaseID(lease)); err != nil {
		return fmt.Errorf("revoke lease of %s: %w", leader, err)
	}
	return nil
}

// stoppedFor is how many seconds a fenced member's entry stays, if it does not come back.
const stoppedFor = 60
