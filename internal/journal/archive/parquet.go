package archive

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/table"
)

// WriteTable returns the [WriteFunc] for the log of that origin.
func WriteTable(origin string) WriteFunc {
	return func(w io.Writer, first, next uint64, rows iter.Seq2[journal.Record, error]) error {
		_, err := table.Write(w, table.Meta{Origin: origin, First: first, Next: next}, rows)
		return err
	}
}

// ReadTable is the [ReadFunc] of what [WriteTable] wrote.
func ReadTable(r io.ReaderAt, size int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		t, err := table.Read(r, size)
		if err != nil {
			yield(nil, err)
			return
		}
		more, at := true, t.Meta().First
		err = t.Scan(context.Background(), table.Filter{}, func(row table.Row) bool {
			if uint64(row.Index) != at { //nolint:gosec // another number is another one, whatever its sign
				more = yield(nil, fmt.Errorf("%w: it calls entry %d number %d", table.ErrDamaged, at, row.Index))
				return false
			}
			more = yield(row.Bytes(nil))
			at++
			return more
		})
		if err != nil && more {
			yield(nil, err)
		}
	}
}
