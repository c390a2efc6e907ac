package table

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/greenlang/fournines/internal/journal"
)

// Table is an open table. It may be used from any goroutine.
type Table struct {
	meta   Meta
	path   string // "" when it is not a file
	groups []*Group
	file   io.Closer
}

// Open opens the table in a file. It reads the footer; [Table.Verify] reads the rest.
func Open(path string) (*Table, error) {
	f, err := os.Open(path) //nolint:gosec // the caller's directory
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open table: %w", err), f.Close())
	}
	t, err := Read(f, info.Size())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open table %s: %w", path, err), f.Close())
	}
	t.path, t.file = path, f
	return t, nil
}

// Read opens the table in r, which must stay readable as long as the table is used.
func Read(r io.ReaderAt, size int64) (t *Table, err error) {
	defer intact(&err)
	if err := bounded(r, size); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := sameColumns(f.Schema()); err != nil {
		return nil, err
	}
	m, err := readMeta(f.Lookup)
	if err != nil {
		return nil, err
	}
	if err := plausible(f.Metadata(), size); err != nil {
		return nil, err
	}
	t = &Table{meta: m}
	next := m.First
	for i, g := range f.RowGroups() {
		rows := g.NumRows()
		if rows <= 0 || uint64(rows) > m.Next-next || rows > GroupRows {
			return nil, fmt.Errorf("%w: a row group has %d rows", ErrDamaged, rows)
		}
		t.groups = append(t.groups, newGroup(next, g, &f.Metadata().RowGroups[i]))
		next += uint64(rows)
	}
	if next != m.Next {
		return nil, fmt.Errorf("%w: it ends at entry %d, and %d are promised", ErrDamaged, next, m.Next)
	}
	return t, nil
}

// sameColumns refuses files whose columns are not those of [Row].
func sameColumns(s *parquet.Schema) error {
	want := parquet.SchemaOf(Row{})
	have, need := s.Columns(), want.Columns()
	for i := range need {
		if len(have) != len(need) || len(have[i]) != 1 || have[i][0] != need[i][0] {
			return fmt.Errorf("%w: its columns are %v, not a journal's", ErrDamaged, have)
		}
		a, _ := s.Lookup(have[i]...)
		b, _ := want.Lookup(need[i]...)
		if a.Node.Type().Kind() != b.Node.Type().Kind() || a.Node.Type().Length() != b.Node.Type().Length() || a.Node.Optional() != b.Node.Optional() || a.Node.Repeated() {
			return fmt.Errorf("%w: its column %s has another type", ErrDamaged, need[i][0])
		}
	}
	return nil
}

// largest bounds what one column of a row group can hold, in bytes.
const largest = GroupRows * (journal.MaxEntryBytes + 16)

// plausible refuses what Write does not write, before the decoder believes it: it takes
// memory for what a damaged file promises.
func plausible(m *format.FileMetaData, size int64) error {
	for _, g := range m.RowGroups {
		for i, c := range g.Columns {
			d := c.MetaData
			start := d.DataPageOffset
			if d.DictionaryPageOffset > 0 {
				start = min(start, d.DictionaryPageOffset)
			}
			if d.Codec != format.Zstd || start < 4 || d.TotalCompressedSize < 0 || d.TotalCompressedSize > size-start || d.TotalUncompressedSize < 0 || d.TotalUncompressedSize > largest || d.NumValues != g.NumRows {
				return fmt.Errorf("%w: the place, size or compression of column %s is not one that a table has", ErrDamaged, Column(i))
			}
		}
	}
	return nil
}

// Meta returns which entries the table holds.
func (t *Table) Meta() Meta { return t.meta }

// Path returns the file that the table was opened from.
func (t *Table) Path() string { return t.path }

// Groups returns the row groups in order.
func (t *Table) Groups() []*Group { return t.groups }

// Close closes the table's file.
func (t *Table) Close() error {
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}

// intact turns a panic over damaged bytes into an error: the decoder trusts what it reads.
func intact(err *error) {
	if p := recover(); p != nil {
		*err = errors.Join(*err, fmt.Errorf("%w: %v", ErrDamaged, p))
	}
}
