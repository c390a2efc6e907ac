package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal"
)

// durable is a log under test.
type durable interface {
	// Append returns when the event is durable and its index known.
	Append(ctx context.Context, n int) error
	// Prover returns what proves events of the published tree, and its size. cold: from
	// the files, without what was kept in memory by earlier proofs.
	Prover(ctx context.Context) (prove func(index uint64) ([][]byte, error), size uint64, err error)
	Close(ctx context.Context) error
}

// event is an audit event of about 300 bytes.
func event(n int) journal.Entry {
	data := fmt.Sprintf(`{"tenant":"customer-%05d","request":"%016x","address":"10.%d.%d.%d","agent":"agent-%05d","result":"ok","bytes":%d}`, n%50000, n*2654435761, n%200, n%251, n%241, n%10007, n%65536)
	return journal.Entry{
		Kind: "audit.recorded", Subject: fmt.Sprintf("customers/%05d", n%50000), Actor: fmt.Sprintf("user-%05d", n%20011),
		Reason: "changed by its owner", Data: json.RawMessage(data),
	}
}

func open(ctx context.Context, name, dir string) (durable, error) {
	switch name {
	case "fournines":
		return openOurs(dir)
	case "tessera-256":
		return openTessera(ctx, dir, tessera.DefaultBatchMaxSize, tessera.DefaultBatchMaxAge)
	case "tessera-512":
		return openTessera(ctx, dir, 512, 10*time.Millisecond)
	}
	return nil, fmt.Errorf("read flags: role %q is unknown", name)
}

type ours struct{ j *journal.Journal }

func openOurs(dir string) (durable, error) {
	j, err := journal.Open(dir, time.Now)
	return ours{j}, err
}

func (o ours) Append(ctx context.Context, n int) error {
	_, err := o.j.Append(ctx, event(n))
	return err
}

func (o ours) Prover(ctx context.Context) (func(uint64) ([][]byte, error), uint64, error) {
	if err := o.j.Publish(ctx); err != nil {
		return nil, 0, err
	}
	_, size := o.j.Checkpoint()
	return func(i uint64) ([][]byte, error) { return o.j.Inclusion(i, size) }, size, nil
}

func (o ours) Close(context.Context) error { return o.j.Close() }

type theirs struct {
	add    tessera.AddFn
	stop   func(context.Context) error
	reader tessera.LogReader
	v      note.Verifier
}

func openTessera(ctx context.Context, dir string, batch uint, age time.Duration) (durable, error) {
	private, public, err := note.GenerateKey(rand.Reader, "bench")
	if err != nil {
		return nil, err
	}
	signer, err1 := note.NewSigner(private)
	v, err2 := note.NewVerifier(public)
	driver, err3 := posix.New(ctx, posix.Config{Path: filepath.Join(dir, "tessera")})
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	a, stop, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).WithBatching(batch, age).WithCheckpointInterval(time.Second))
	if err != nil {
		return nil, err
	}
	return &theirs{a.Add, stop, reader, v}, nil
}

func (t *theirs) Append(ctx context.Context, n int) error {
	b, err := json.Marshal(event(n))
	if err != nil {
		return err
	}
	_, err = t.add(ctx, tessera.NewEntry(b))()
	return err
}

func (t *theirs) Prover(ctx context.Context) (func(uint64) ([][]byte, error), uint64, error) {
	// Shutdown waits until everything that was added is under a checkpoint.
	if err := t.stop(ctx); err != nil {
		return nil, 0, err
	}
	t.stop = nil
	c, _, _, err := client.FetchCheckpoint(ctx, t.reader.ReadCheckpoint, t.v, t.v.Name())
	if err != nil {
		return nil, 0, err
	}
	p, err := client.NewProofBuilder(ctx, c.Size, t.reader.ReadTile)
	if err != nil {
		return nil, 0, err
	}
	return func(i uint64) ([][]byte, error) { return p.InclusionProof(ctx, i) }, c.Size, nil
}

func (t *theirs) Close(ctx context.Context) error {
	if t.stop == nil {
		return nil
	}
	return t.stop(ctx)
}
