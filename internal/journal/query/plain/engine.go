package plain

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/table"
)

// Name is how answers name this engine.
const Name = "plain"

// Engine answers questions in this process.
type Engine struct{}

// Answer implements [query.Engine].
func (Engine) Answer(ctx context.Context, q query.Question, s *table.Snapshot) (query.Answer, error) {
	begun := time.Now()
	q, err := q.Checked()
	if err != nil {
		return query.Answer{}, err
	}
	sel, err := parse(q.SQL)
	if err != nil {
		return query.Answer{}, err
	}
	a := query.Answer{Engine: Name, Head: s.Size, Rows: [][]any{}}
	for i := range sel.items {
		a.Columns = append(a.Columns, query.Column{Name: sel.items[i].name, Type: sel.items[i].kind()})
	}
	want := q.Limit + 1 // one more shows that there are more
	if sel.limit >= 0 {
		want = min(want, sel.limit)
	}
	var rows [][]any
	if sel.aggregates() {
		rows, err = aggregate(ctx, sel, s, want)
	} else {
		rows, err = list(ctx, sel, s, want)
	}
	if err != nil {
		return query.Answer{}, fmt.Errorf("answer from the journal's tables: %w", err)
	}
	a.Take(rows, q.Limit)
	a.Seconds = time.Since(begun).Seconds()
	return a, nil
}

// sweep works on every block that may be in the answer, two at a time, and hands the
// results over in order until take has enough.
func sweep[T any](ctx context.Context, sel *selection, s *table.Snapshot, backwards bool, work func(*block) (T, error), take func(T) bool) error {
	groups := groupsOf(s, backwards)
	within := boundsOf(sel.where)
	type result struct {
		value T
		err   error
	}
	workers := min(2, runtime.GOMAXPROCS(0))
	for len(groups) > 0 {
		now := make([]result, 0, workers)
		var blocks []*block
		for len(groups) > 0 && len(blocks) < workers {
			b, err := within.block(groups[0])
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			if groups = groups[1:]; b != nil {
				blocks, now = append(blocks, b), append(now, result{})
			}
		}
		var wg sync.WaitGroup
		for i, b := range blocks {
			wg.Go(func() { now[i].value, now[i].err = work(b) })
		}
		wg.Wait()
		for _, r := range now {
			if r.err != nil {
				return r.err
			}
			if !take(r.value) {
				return nil
			}
		}
	}
	return nil
}

func groupsOf(s *table.Snapshot, backwards bool) []*table.Group {
	var out []*table.Group
	for _, t := range s.Tables {
		out = append(out, t.Groups()...)
	}
	if backwards {
		slices.Reverse(out)
	}
	return out
}

// chosen returns the rows of a block that fulfil the question's condition.
func chosen(sel *selection, b *block) ([]int32, error) {
	out := make([]int32, 0, 64)
	if sel.where == nil {
		for i := range b.rows() {
			out = append(out, int32(i)) //nolint:gosec // a block is small
		}
		return out, nil
	}
	truths, err := holds(sel.where, b)
	for i, t := range truths {
		if t == yes {
			out = append(out, int32(i)) //nolint:gosec // a block is small
		}
	}
	return out, err
}
