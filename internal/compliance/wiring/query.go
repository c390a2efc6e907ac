package wiring

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/query/worker"
	"github.com/greenlang/fournines/internal/journal/table"
)

const (
	questions    = 2                // that are answered at once
	questionTime = 40 * time.Second // after which one is given up, waiting included
)

// answers is what questions about the journal are answered with.
type answers struct {
	store  *table.Store
	engine *worker.Engine
	turns  chan struct{}
}

// openTables makes what answers questions. The worker starts with the first one: a server
// without its program does all else.
func (w *Wiring) openTables() {
	dir := filepath.Join(w.house.Dir, "table")
	w.answers = &answers{store: table.NewStore(dir, w.house.Journal, w.house.Log), engine: worker.New(worker.Options{Dir: dir}), turns: make(chan struct{}, questions)}
}

// keepTables keeps the tables until ctx ends. While it fails, questions about the journal
// fail; the log is not concerned.
func (w *Wiring) keepTables(ctx context.Context) error { return w.answers.store.Run(ctx) }

// close ends the worker and the tables.
func (a *answers) close() error {
	if a == nil {
		return nil
	}
	return errors.Join(a.engine.Close(), a.store.Close())
}

// Tables returns the journal's tables as of now; the caller releases them. While they are still
// being made it waits, and then fails: it never reports an entry of the journal as missing.
func (w *Wiring) Tables(ctx context.Context) (*table.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	if w.answers == nil {
		return nil, errors.New("the journal's tables are not open yet: ask again in a moment")
	}
	// The answer and its proofs include everything that was acknowledged before the
	// question.
	if _, published := w.house.Journal.Checkpoint(); published < w.house.Journal.Head().Size {
		if err := w.house.Journal.Publish(ctx); err != nil {
			return nil, err
		}
	}
	return w.answers.store.Snapshot(ctx)
}

// Query implements api.Queries.
func (w *Wiring) Query(ctx context.Context, q door.Question) (door.QueryAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	a := w.answers
	select {
	case a.turns <- struct{}{}:
		defer func() { <-a.turns }()
	case <-ctx.Done():
		return door.QueryAnswer{}, fmt.Errorf("wait for a turn; %d questions are answered at once: %w", questions, ctx.Err())
	}
	snap, err := w.Tables(ctx)
	if err != nil {
		return door.QueryAnswer{}, err
	}
	defer snap.Release()
	out, err := a.engine.Answer(ctx, query.Question{SQL: q.SQL, Limit: q.Limit}, snap)
	if err == nil && q.Prove {
		err = out.Prove(w.house.Journal)
	}
	if err != nil && ctx.Err() == nil && !errors.As(err, new(*query.RefusedError)) && !errors.As(err, new(*worker.MissingError)) { // perhaps a table is damaged
		err = errors.Join(err, a.store.Recheck(ctx))
	}
	return out, err
}
