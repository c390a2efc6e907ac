package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
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

// openAnswers keeps the journal's tables. The worker starts with the first question: a
// server without its program does all else.
func (s *ServerApp) openAnswers(ctx context.Context) {
	dir := filepath.Join(s.dir(), "table")
	a := &answers{store: table.NewStore(dir, s.Journal, s.Log), engine: worker.New(worker.Options{Dir: dir}), turns: make(chan struct{}, questions)}
	s.answers = a
	s.wg.Go(func() {
		if err := a.store.Run(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("the journal's tables are not kept any more; questions about it fail, the log is not concerned", "err", err)
		}
	})
}

// Close ends the worker and the tables.
func (a *answers) Close() error {
	if a == nil {
		return nil
	}
	return errors.Join(a.engine.Close(), a.store.Close())
}

// Query implements api.Queries.
func (s *ServerApp) Query(ctx context.Context, q compliancedoor.Question) (compliancedoor.QueryAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	a := s.answers
	select {
	case a.turns <- struct{}{}:
		defer func() { <-a.turns }()
	case <-ctx.Done():
		return compliancedoor.QueryAnswer{}, fmt.Errorf("wait for a turn; %d questions are answered at once: %w", questions, ctx.Err())
	}
	// What was acknowledged before the question belongs to its answer, and into its proofs.
	if _, published := s.Journal.Checkpoint(); published < s.Journal.Head().Size {
		if err := s.Journal.Publish(ctx); err != nil {
			return compliancedoor.QueryAnswer{}, err
		}
	}
	snap, err := a.store.Snapshot(ctx)
	if err != nil {
		return compliancedoor.QueryAnswer{}, err
	}
	defer snap.Release()
	out, err := a.engine.Answer(ctx, query.Question{SQL: q.SQL, Limit: q.Limit}, snap)
	if err == nil && q.Prove {
		err = out.Prove(s.Journal)
	}
	if err != nil && ctx.Err() == nil && !errors.As(err, new(*query.RefusedError)) && !errors.As(err, new(*worker.MissingError)) { // perhaps a table is damaged
		err = errors.Join(err, a.store.Recheck(ctx))
	}
	return out, err
}
