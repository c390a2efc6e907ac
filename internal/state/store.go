package state

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	docPrefix  = "/fournines/doc/"
	appliedKey = "/fournines/applied"
	txnMax     = 100 // operations in one etcd transaction; its default bound is 128
)

// Store keeps documents durably.
type Store interface {
	// Load returns every document and the number of journal entries they hold.
	Load(ctx context.Context) (docs map[string]json.RawMessage, applied uint64, err error)
	// Save writes changed documents (nil deletes) and then the new number of entries.
	Save(ctx context.Context, docs map[string]json.RawMessage, applied uint64) error
}

// Etcd is a Store in etcd.
type Etcd struct{ Client *clientv3.Client }

// Load implements Store.
func (s Etcd) Load(ctx context.Context) (map[string]json.RawMessage, uint64, error) {
	resp, err := s.Client.Get(ctx, docPrefix, clientv3.WithPrefix())
	if err != nil {
		return nil, 0, fmt.Errorf("load state: %w", err)
	}
	docs := make(map[string]json.RawMessage, len(resp.Kvs))
	for _, kv := range resp.Kvs {
		docs[strings.TrimPrefix(string(kv.Key), docPrefix)] = kv.Value
	}
	index, err := s.Client.Get(ctx, appliedKey)
	if err != nil || len(index.Kvs) == 0 {
		if err != nil {
			err = fmt.Errorf("load state: %w", err)
		}
		return docs, 0, err
	}
	applied, err := strconv.ParseUint(string(index.Kvs[0].Value), 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("load state: key %s: %w", appliedKey, err)
	}
	return docs, applied, nil
}

// Save implements Store. Documents go first: entries are folded again after a
// crash in between, which gives the same documents.
func (s Etcd) Save(ctx context.Context, docs map[string]json.RawMessage, applied uint64) error {
	var ops []clientv3.Op
	for k, v := range docs {
		if v == nil {
			ops = append(ops, clientv3.OpDelete(docPrefix+k))
		} else {
			ops = append(ops, clientv3.OpPut(docPrefix+k, string(v)))
		}
	}
	ops = append(ops, clientv3.OpPut(appliedKey, strconv.FormatUint(applied, 10)))
	for len(ops) > 0 {
		n := min(len(ops), txnMax)
		if _, err := s.Client.Txn(ctx).Then(ops[:n]...).Commit(); err != nil {
			return fmt.Errorf("save state: %w", err)
		}
		ops = ops[n:]
	}
	return nil
}
