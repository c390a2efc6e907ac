package querytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/query/worker"
	"github.com/greenlang/fournines/internal/journal/table"
)

// Conform holds an engine to the answers in the file, and to the bounds.
func Conform(t *testing.T, engine *worker.Engine, l *Log, answers string) {
	s := l.Snapshot(t)
	t.Run("answers", func(t *testing.T) {
		datadriven.RunTest(t, answers, func(_ *testing.T, d *datadriven.TestData) string {
			a, err := engine.Answer(t.Context(), query.Question{SQL: d.Input}, s)
			var refused *query.RefusedError
			switch {
			case d.Cmd == "refused" && errors.As(err, &refused):
				return "refused\n" // the words are DuckDB's, and change with its version
			case err != nil:
				return "error: " + err.Error() + "\n"
			}
			return show(a)
		})
	})
	t.Run("bounds", func(t *testing.T) { bounds(t, engine, s) })
	t.Run("proofs", func(t *testing.T) { proofs(t, engine, l, s) })
	t.Run("strange", func(t *testing.T) { strange(t, engine, l, s) })
}

// show writes an answer as the file has it.
func show(a query.Answer) string {
	var b strings.Builder
	for _, c := range a.Columns {
		fmt.Fprintf(&b, "%s:%s ", c.Name, c.Type)
	}
	b.WriteString("\n")
	for _, row := range a.Rows {
		line, err := json.Marshal(row)
		if err != nil {
			return err.Error()
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

func bounds(t *testing.T, engine *worker.Engine, s *table.Snapshot) {
	const all = "select index from entries"
	for _, c := range []struct {
		sql   string
		limit int
		rows  int
		cut   bool
	}{
		{all, 0, query.DefaultLimit, true},
		{all, 10, 10, true},
		{all, Size, Size, false},
		{all + " limit 5", 10, 5, false},
		{all + " limit 10", 10, 10, false},
		{all + " limit 11", 10, 10, true},
		{all + " limit 0", 10, 0, false},
		{all + " order by index desc", 3, 3, true},
		{"select operation, count(*) from entries group by 1", 7, 7, true},
	} {
		a, err := engine.Answer(t.Context(), query.Question{SQL: c.sql, Limit: c.limit}, s)
		if err != nil || len(a.Rows) != c.rows || a.Cut != c.cut || a.Head != Size {
			t.Errorf("%s, limit %d: %d rows, cut %v, of %d, %v", c.sql, c.limit, len(a.Rows), a.Cut, a.Head, err)
		}
	}
	for _, limit := range []int{-1, query.MaxLimit + 1} {
		if _, err := engine.Answer(t.Context(), query.Question{SQL: all, Limit: limit}, s); !refused(err) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := engine.Answer(ctx, query.Question{SQL: all}, s); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits: %v", err)
	}
	if _, err := engine.Answer(t.Context(), query.Question{SQL: all}, s); err != nil {
		t.Errorf("after that: %v", err)
	}
}

func refused(err error) bool {
	var r *query.RefusedError
	return errors.As(err, &r)
}

// proofs checks that rows can be proved, and that a changed cell is found.
func proofs(t *testing.T, engine *worker.Engine, l *Log, s *table.Snapshot) {
	a, err := engine.Answer(t.Context(), query.Question{SQL: "select *, index as place from entries where index < 30 or index > 8380", Limit: 100}, s)
	if err != nil || len(a.Rows) != 41 {
		t.Fatalf("%d rows, %v", len(a.Rows), err)
	}
	if err := a.Prove(l.Journal); err != nil {
		t.Fatal(err)
	}
	unproved, err := a.Verified(l.Journal.VerifierKey())
	if err != nil || fmt.Sprint(unproved) != "[place]" {
		t.Fatalf("%v %v", unproved, err)
	}
	var wrong *query.MismatchError
	for c, column := range a.Columns[:len(a.Columns)-1] {
		was := a.Rows[5][c]
		a.Rows[5][c] = "another"
		if _, err := a.Verified(""); !errors.As(err, &wrong) {
			t.Errorf("a changed %s is believed: %v", column.Name, err)
		}
		a.Rows[5][c] = was
	}
	if _, err := a.Verified("another+key"); !errors.As(err, &wrong) {
		t.Errorf("another key is believed: %v", err)
	}
	a.Proofs[3], a.Proofs[4] = a.Proofs[4], a.Proofs[3]
	if _, err := a.Verified(""); !errors.As(err, &wrong) {
		t.Errorf("swapped proofs are believed: %v", err)
	}
	a, err = engine.Answer(t.Context(), query.Question{SQL: "select kind from entries", Limit: 1}, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Prove(l.Journal); !refused(err) {
		t.Errorf("a row without its index is proved: %v", err)
	}
}

// strange reads every entry back, cell by cell.
func strange(t *testing.T, engine *worker.Engine, l *Log, s *table.Snapshot) {
	a, err := engine.Answer(t.Context(), query.Question{SQL: "select * from entries order by index", Limit: Size}, s)
	if err != nil || len(a.Rows) != Size || a.Cut {
		t.Fatalf("%d rows, %v", len(a.Rows), err)
	}
	records, err := l.Journal.Read(0, Size)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		for c, column := range a.Columns {
			own, ok := table.Named(column.Name)
			if want := query.Cell(&records[i], own); !ok || a.Rows[i][c] != want {
				t.Fatalf("entry %d: its %s is %v, want %v", i, column.Name, a.Rows[i][c], want)
			}
		}
	}
}
