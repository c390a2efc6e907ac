package query

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/table"
)

// Prover proves single entries. [journal.Journal] and [journal.Published] are some.
type Prover interface {
	Prove(index uint64) (journal.Proof, error)
}

// Prove adds to each row the proof of its entry. The answer must show the column index.
func (a *Answer) Prove(p Prover) error {
	at, err := a.index()
	if err != nil {
		return err
	}
	if len(a.Rows) > MaxProofs {
		return Refuse("%d rows are too many to prove at once, the bound is %d; use a lower limit", len(a.Rows), MaxProofs)
	}
	a.Proofs = make([]journal.Proof, len(a.Rows))
	for i, row := range a.Rows {
		n, ok := whole(row[at])
		if !ok {
			return Refuse("row %d cannot be proved: its index is %v", i+1, row[at])
		}
		if a.Proofs[i], err = p.Prove(n); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return nil
}

func (a *Answer) index() (int, error) {
	for i, c := range a.Columns {
		if c.Name == table.Index.String() && c.Type == Integer {
			return i, nil
		}
	}
	return 0, Refuse("a row is proved by its entry, and the answer does not show which one: select the column index too")
}

// whole reads a cell that is an index.
func whole(cell any) (uint64, bool) {
	n, ok := cell.(json.Number)
	if !ok {
		return 0, false
	}
	index, err := strconv.ParseUint(n.String(), 10, 63)
	return index, err == nil
}

// MismatchError is a row that is not what its proof proves.
type MismatchError struct{ Detail string }

func (e *MismatchError) Error() string { return e.Detail }

func mismatch(format string, args ...any) error { return &MismatchError{fmt.Sprintf(format, args...)} }

// Verified checks each row against its proof, without asking anybody: the proof's hashes
// and signature, by key when that is given, and every cell of a column that is the
// entries' own. It returns the names of the other columns, about which nothing is proved.
func (a *Answer) Verified(key string) (unproved []string, err error) {
	at, err := a.index()
	if err != nil {
		return nil, err
	}
	if len(a.Proofs) != len(a.Rows) {
		return nil, mismatch("%d rows came with %d proofs", len(a.Rows), len(a.Proofs))
	}
	for i := range a.Rows {
		if err := a.verify(i, at, key); err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	for _, c := range a.Columns {
		if _, ours := table.Named(c.Name); !ours {
			unproved = append(unproved, c.Name)
		}
	}
	return unproved, nil
}

func (a *Answer) verify(i, at int, key string) error {
	p, row := a.Proofs[i], a.Rows[i]
	if key != "" && p.Key != key {
		return mismatch("its proof is signed by %s, and %s is trusted", p.Key, key)
	}
	if err := p.Verify(); err != nil {
		return mismatch("%v", err)
	}
	if n, ok := whole(row[at]); !ok || n != p.Index || len(row) != len(a.Columns) {
		return mismatch("it is entry %v, and its proof is of entry %d", row[at], p.Index)
	}
	r, err := journal.Decode(p.Index, []byte(p.Entry))
	if err != nil {
		return mismatch("%v", err)
	}
	for c, column := range a.Columns {
		own, ours := table.Named(column.Name)
		if !ours {
			continue
		}
		if want := Cell(&r, own); row[c] != want {
			return mismatch("its %s is %v, and the proved entry %d has %v", column.Name, row[c], p.Index, want)
		}
	}
	return nil
}

// Cell returns what an answer shows of an entry in a column.
func Cell(r *journal.Record, c table.Column) any {
	switch c {
	case table.Index:
		return json.Number(strconv.FormatUint(r.Index, 10))
	case table.Time:
		return r.Time.UTC().Format(TimeFormat) // rounds down, as the column does
	case table.Nanos:
		return json.Number(strconv.Itoa(r.Time.Nanosecond() % 1000))
	case table.Kind:
		return r.Kind
	case table.Hash:
		return hex.EncodeToString(r.Hash)
	}
	text := map[table.Column]string{
		table.Subject: r.Subject, table.Operation: r.Operation, table.Actor: r.Actor, table.Reason: r.Reason,
		table.Trace: r.Trace, table.Approval: r.Approval, table.Data: string(r.Data),
	}[c]
	if text == "" {
		return nil
	}
	return text
}
