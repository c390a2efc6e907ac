package patroni

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// PartnerSlot is the permanent replication slot that the partner region's cluster
// streams from. It exists only where the cluster leads.
const PartnerSlot = "partner"

// standbyCluster is the part of Patroni's configuration that makes a cluster follow
// another one. With several hosts Patroni streams from the one that takes writes.
func standbyCluster(hosts []string) map[string]any {
	return map[string]any{"host": strings.Join(hosts, ","), "port": PostgresPort, "primary_slot_name": PartnerSlot}
}

// Follow makes the whole cluster a standby of the cluster on hosts: a primary shuts
// down cleanly, sends the rest of its WAL, and comes back as a standby leader. It
// works while no member runs, too. Repeating it is harmless; the caller verifies.
func (l Lock) Follow(ctx context.Context, hosts []string) error {
	return l.configure(ctx, func(c []byte) ([]byte, bool, error) { return withStandby(c, standbyCluster(hosts)) })
}

// Lead makes a standby cluster one that takes writes: its leader promotes itself.
// Nothing in Patroni keeps the other cluster from leading as well, so the caller must
// have a proof that it does not. Repeating it is harmless.
func (l Lock) Lead(ctx context.Context) error {
	return l.configure(ctx, func(c []byte) ([]byte, bool, error) { return withStandby(c, nil) })
}

// Reserve makes the cluster keep a slot for its partner. One that began before it had a
// partner has none, and what its members' files say counts at its beginning alone.
func (l Lock) Reserve(ctx context.Context) error { return l.configure(ctx, withSlot) }

// partnerSlot is the slot as Patroni's configuration names it.
func partnerSlot() map[string]any {
	return map[string]any{"type": "physical", "cluster_type": "primary"}
}

// configure changes one key of the dynamic configuration, and nothing else, whoever else
// changes that at the same time.
func (l Lock) configure(ctx context.Context, change func(config []byte) (next []byte, changed bool, err error)) error {
	key := l.key("config")
	for {
		resp, err := l.Client.Get(ctx, key)
		if err != nil {
			return fmt.Errorf("read configuration of %s: %w", l.Scope, err)
		}
		if len(resp.Kvs) == 0 {
			return fmt.Errorf("cluster %s has no configuration yet: none of its members has ever led", l.Scope)
		}
		kv := resp.Kvs[0]
		next, changed, err := change(kv.Value)
		if err != nil || !changed {
			return err
		}
		put, err := l.Client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", kv.ModRevision)).Then(clientv3.OpPut(key, string(next))).Commit()
		if err != nil {
			return fmt.Errorf("write configuration of %s: %w", l.Scope, err)
		}
		if put.Succeeded {
			return nil
		}
	}
}

// withStandby returns the configuration with another standby_cluster, and whether that
// differs from what it had.
func withStandby(config []byte, standby map[string]any) (next []byte, changed bool, err error) {
	doc := map[string]any{}
	if err := json.Unmarshal(config, &doc); err != nil {
		return nil, false, fmt.Errorf("read configuration of a cluster: %w", err)
	}
	if standby == nil {
		if doc["standby_cluster"] == nil {
			return config, false, nil
		}
		delete(doc, "standby_cluster")
	} else {
		want, err := normal(standby)
		if err != nil || reflect.DeepEqual(doc["standby_cluster"], want) {
			return config, false, err
		}
		doc["standby_cluster"] = want
	}
	next, err = json.Marshal(doc)
	return next, true, err
}

// withSlot returns the configuration with the partner's slot, and whether it lacked it.
func withSlot(config []byte) (next []byte, changed bool, err error) {
	doc := map[string]any{}
	if err := json.Unmarshal(config, &doc); err != nil {
		return nil, false, fmt.Errorf("read configuration of a cluster: %w", err)
	}
	slots, ok := doc["slots"].(map[string]any)
	if !ok {
		slots = map[string]any{}
	}
	if slots[PartnerSlot] != nil {
		return config, false, nil
	}
	slots[PartnerSlot] = partnerSlot()
	doc["slots"] = slots
	next, err = json.Marshal(doc)
	return next, true, err
}

// Bound gives the cluster the parameters that keep connections free. One that began before
// they were declared lacks them; members take some up only when they are restarted next.
// Repeating it is harmless.
func (l Lock) Bound(ctx context.Context) error { return l.configure(ctx, withBounds) }

// Bounded says whether the cluster has these parameters.
func (l Lock) Bounded(ctx context.Context) (bool, error) {
	bounded := false
	err := l.configure(ctx, func(c []byte) ([]byte, bool, error) {
		_, lacks, err := withBounds(c)
		bounded = err == nil && !lacks
		return nil, false, err
	})
	return bounded, err
}

// withBounds returns the configuration with the parameters that bound connections, and
// whether it lacked any.
func withBounds(config []byte) (next []byte, changed bool, err error) {
	doc := map[string]any{}
	if err := json.Unmarshal(config, &doc); err != nil {
		return nil, false, fmt.Errorf("read configuration of a cluster: %w", err)
	}
	server, ok := doc["postgresql"].(map[string]any)
	if !ok {
		server = map[string]any{}
	}
	parameters, ok := server["parameters"].(map[string]any)
	if !ok {
		parameters = map[string]any{}
	}
	for name, value := range bounds() {
		if fmt.Sprint(parameters[name]) != fmt.Sprint(value) {
			parameters[name], changed = value, true
		}
	}
	if !changed {
		return config, false, nil
	}
	server["parameters"], doc["postgresql"] = parameters, server
	next, err = json.Marshal(doc)
	return next, true, err
}

// normal returns v as reading its JSON would.
func normal(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out any
	return out, json.Unmarshal(b, &out)
}
