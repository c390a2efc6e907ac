package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	// Load returns every document and how far they have followed the journal.
	Load(ctx context.Context) (docs map[string]json.RawMessage, at Position, err error)
	// Save writes changed documents (nil deletes) and then the new position.
	Save(ctx context.Context, docs map[string]json.RawMessage, at Position) error
}

// Etcd is a Store in etcd.
type Etcd struct {
	Client *clientv3.Client
	Guard  func() []clientv3.Cmp // what must hold for a write, nil: nothing; a server that is deposed writes no more
}

// Load implements Store.
func (s Etcd) Load(ctx context.Context) (map[string]json.RawMessage, Position, error) {
	resp, err := s.Client.Get(ctx, docPrefix, clientv3.WithPrefix())
	if err != nil {
		return nil, Position{}, fmt.Errorf("load state: %w", err)
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
		return docs, Position{}, err
	}
	at, err := parsePosition(string(index.Kvs[0].Value))
	if err != nil {
		return nil, Position{}, fmt.Errorf("load state: key %s: %w", appliedKey, err)
	}
	return docs, at, nil
}

// Save implements Store. Documents go first: entries are folded again after a
// crash in between, which gives the same documents.
func (s Etcd) Save(ctx context.Context, docs map[string]json.RawMessage, at Position) error {
	var ops []clientv3.Op
	for k, v := range docs {
		if v == nil {
			ops = append(ops, clientv3.OpDelete(docPrefix+k))
		} else {
			ops = append(ops, clientv3.OpPut(docPrefix+k, string(v)))
		}
	}
	ops = append(ops, clientv3.OpPut(appliedKey, at.String()))
	for len(ops) > 0 {
		n := min(len(ops), txnMax)
		var guard []clientv3.Cmp
		if s.Guard != nil {
			guard = s.Guard()
		}
		resp, err := s.Client.Txn(ctx).If(guard...).Then(ops[:n]...).Commit()
		if err == nil && !resp.Succeeded {
			err = errors.New("another server leads")
		}
		if err != nil {
			return fmt.Errorf("save state: %w", err)
		}
		ops = ops[n:]
	}
	return nil
}
