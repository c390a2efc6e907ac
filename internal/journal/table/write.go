package table

import (
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

const (
	// GroupRows is the number of rows of a row group: the least that a question reads.
	GroupRows = 1 << 16

	writeStep   = 1 << 10   // rows that are handed to the encoder at once
	pageBytes   = 128 << 10 // of a column's pages, before compression
	dictBytes   = 1 << 20   // a dictionary beyond it costs more than it saves
	bloomBits   = 10        // per value: about one false positive in a hundred
	application = "fournines"
)

// Summary is what was written.
type Summary struct {
	Meta
	Bytes    int64     // of the file
	Raw      uint64    // rows that carry the entry's bytes besides their columns
	Earliest time.Time // of the entries' times, to the microsecond; zero without entries
	Latest   time.Time
}

// Write writes the entries from m.First to below m.Next as one Parquet file. They must come
// in order and without a gap. m.Root, when it is set, must be what their leaves have;
// otherwise it is computed. After an error the output is not a table.
func Write(w io.Writer, m Meta, rows iter.Seq2[journal.Record, error]) (Summary, error) {
	out := &counted{w: w}
	t := tableWriter{next: m.First, sum: Summary{Meta: m}, file: parquet.NewGenericWriter[Row](out, options()...), rows: make([]Row, 0, writeStep)}
	for r, err := range rows {
		if err == nil {
			err = t.add(&r)
		}
		if err != nil {
			return Summary{}, fmt.Errorf("write table of entries %d to %d: %w", m.First, m.Next, err)
		}
	}
	if err := t.close(m); err != nil {
		return Summary{}, fmt.Errorf("write table of entries %d to %d: %w", m.First, m.Next, err)
	}
	t.sum.Bytes = out.n
	return t.sum, nil
}

func options() []parquet.WriterOption {
	var filters []parquet.BloomFilterColumn
	for _, c := range Columns() {
		if c.Filtered() {
			filters = append(filters, parquet.SplitBlockFilter(bloomBits, c.String()))
		}
	}
	return []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.MaxRowsPerRowGroup(GroupRows),
		parquet.PageBufferSize(pageBytes), parquet.DictionaryMaxBytes(dictBytes), parquet.BloomFilters(filters...),
		parquet.CreatedBy(application, "1", ""),
	}
}

// tableWriter is one table on its way.
type tableWriter struct {
	file    *parquet.GenericWriter[Row]
	rows    []Row
	next    uint64
	leaves  tiles.Frontier
	rebuilt []byte
	sum     Summary
}

func (t *tableWriter) add(r *journal.Record) error {
	if r.Index != t.next || t.next >= t.sum.Next {
		return fmt.Errorf("entry %d came instead of entry %d", r.Index, t.next)
	}
	row, buf := rowOf(r, t.rebuilt)
	if string(row.Hash[:]) != string(r.Hash) {
		return fmt.Errorf("the bytes of entry %d do not have its hash %x", r.Index, r.Hash)
	}
	t.rebuilt, t.rows = buf, append(t.rows, row)
	t.next++
	t.leaves.Add(row.Hash)
	t.count(&row)
	if len(t.rows) < writeStep {
		return nil
	}
	return t.flush()
}

func (t *tableWriter) count(row *Row) {
	at := time.UnixMicro(row.Time).UTC()
	if t.leaves.Size() == 1 || at.Before(t.sum.Earliest) {
		t.sum.Earliest = at
	}
	if t.leaves.Size() == 1 || at.After(t.sum.Latest) {
		t.sum.Latest = at
	}
	if row.Raw != "" {
		t.sum.Raw++
	}
}

func (t *tableWriter) flush() error {
	_, err := t.file.Write(t.rows)
	t.rows = t.rows[:0]
	return err
}

func (t *tableWriter) close(m Meta) error {
	if t.next != m.Next {
		return fmt.Errorf("entries %d to %d are missing", t.next, m.Next)
	}
	t.sum.Root = t.leaves.Root()
	if m.Root != (tiles.Hash{}) && m.Root != t.sum.Root {
		return fmt.Errorf("the entries' root is %s, not %s as asked", t.sum.Root, m.Root)
	}
	if err := t.flush(); err != nil {
		return err
	}
	for _, pair := range t.sum.pairs() {
		t.file.SetKeyValueMetadata(pair[0], pair[1])
	}
	return t.file.Close()
}

// counted counts the bytes that go through it.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
