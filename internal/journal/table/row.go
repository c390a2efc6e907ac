package table

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Row is an entry as it stands in a table. A field that the entry does not have is null in
// the file and empty here.
type Row struct {
	Index     int64      `parquet:"index,delta"`
	Time      int64      `parquet:"time,timestamp(microsecond),delta"` // microseconds of Unix time, rounded down
	Nanos     int32      `parquet:"nanos,dict"`                        // nanoseconds behind Time, 0 to 999
	Kind      string     `parquet:"kind,dict"`
	Subject   string     `parquet:"subject,optional,dict"`
	Operation string     `parquet:"operation,optional,dict"`
	Actor     string     `parquet:"actor,optional,dict"`
	Reason    string     `parquet:"reason,optional,dict"`
	Trace     string     `parquet:"trace,optional,dict"`
	Approval  string     `parquet:"approval,optional,dict"`
	Data      string     `parquet:"data,optional"` // JSON
	Hash      tiles.Hash `parquet:"hash"`          // leaf hash
	Raw       string     `parquet:"raw,optional"`  // the entry's bytes, where the columns do not give them
}

// rowOf returns the record's row. rebuilt is a buffer for the comparison.
func rowOf(r *journal.Record, rebuilt []byte) (Row, []byte) {
	row := Row{
		Index: int64(r.Index), Time: r.Time.UnixMicro(), Nanos: int32(r.Time.Nanosecond() % 1000), //nolint:gosec // an index is below 2^63
		Kind: r.Kind, Subject: r.Subject, Operation: r.Operation, Actor: r.Actor, Reason: r.Reason,
		Trace: r.Trace, Approval: r.Approval, Data: string(r.Data), Hash: tiles.Leaf(r.Bytes),
	}
	e := row.Entry()
	b, err := journal.AppendCanonical(rebuilt[:0], &e)
	if err == nil && bytes.Equal(b, r.Bytes) {
		return row, b
	}
	row.Raw = string(r.Bytes)
	row.legible()
	return row, rebuilt
}

// legible replaces what is not UTF-8: readers of Parquet refuse such text. It is whole in
// the entry's bytes.
func (r *Row) legible() {
	for _, s := range []*string{&r.Kind, &r.Subject, &r.Operation, &r.Actor, &r.Reason, &r.Trace, &r.Approval, &r.Data} {
		if !utf8.ValidString(*s) {
			*s = strings.ToValidUTF8(*s, "\uFFFD")
		}
	}
}

// fromRaw checks that the columns are those of the bytes that the row carries.
func (r *Row) fromRaw() error {
	e, err := journal.Decode(uint64(r.Index), []byte(r.Raw)) //nolint:gosec // not negative
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	want, _ := rowOf(&e, nil)
	if *r != want {
		return fmt.Errorf("%w: the columns of entry %d are not those of its bytes", ErrDamaged, r.Index)
	}
	return nil
}

// Entry returns the row's entry.
func (r *Row) Entry() journal.Entry {
	e := journal.Entry{
		Index: uint64(r.Index), Time: time.UnixMicro(r.Time).Add(time.Duration(r.Nanos)).UTC(), //nolint:gosec // not negative
		Kind: r.Kind, Subject: r.Subject, Operation: r.Operation, Actor: r.Actor, Reason: r.Reason,
		Trace: r.Trace, Approval: r.Approval,
	}
	if r.Data != "" {
		e.Data = []byte(r.Data)
	}
	return e
}

// Bytes rebuilds the entry's exact bytes behind dst.
func (r *Row) Bytes(dst []byte) ([]byte, error) {
	if r.Raw != "" {
		return append(dst, r.Raw...), nil
	}
	e := r.Entry()
	return journal.AppendCanonical(dst, &e)
}

// check holds the row's bytes against its hash. It returns the buffer for the next one.
func (r *Row) check(buf []byte) ([]byte, error) {
	b, err := r.Bytes(buf[:0])
	if err != nil {
		return buf, fmt.Errorf("%w: entry %d cannot be rebuilt: %w", ErrDamaged, r.Index, err)
	}
	if tiles.Leaf(b) != r.Hash {
		return b, fmt.Errorf("%w: the columns of entry %d do not have its hash", ErrDamaged, r.Index)
	}
	return b, nil
}
