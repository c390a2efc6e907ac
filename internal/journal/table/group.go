package table

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Group is a row group: the least that a question reads or passes over.
type Group struct {
	First, Next uint64 // indexes of its entries, Next excluded
	file        parquet.RowGroup
	min, max    int64 // of the column time, in microseconds
}

func newGroup(first uint64, g parquet.RowGroup, m *format.RowGroup) *Group {
	out := &Group{First: first, Next: first + uint64(g.NumRows()), file: g, min: math.MinInt64, max: math.MaxInt64} //nolint:gosec // checked by the caller
	if s := m.Columns[Time].MetaData.Statistics; len(s.MinValue) == 8 && len(s.MaxValue) == 8 {
		out.min = int64(binary.LittleEndian.Uint64(s.MinValue)) //nolint:gosec // as it was written
		out.max = int64(binary.LittleEndian.Uint64(s.MaxValue)) //nolint:gosec // as it was written
	}
	return out
}

// Rows returns the number of rows.
func (g *Group) Rows() int { return int(g.Next - g.First) } //nolint:gosec // at most GroupRows

// Times returns the bounds of the column time in microseconds of Unix time, both included.
func (g *Group) Times() (earliest, latest int64) { return g.min, g.max }

// MayHold tells whether a row may have the value in the column. It says no only when the
// column's filter rules it out.
func (g *Group) MayHold(c Column, value string) (may bool, err error) {
	defer intact(&err)
	filter := g.file.ColumnChunks()[c].BloomFilter()
	if filter == nil || !c.Filtered() {
		return true, nil
	}
	may, err = filter.Check(parquet.ByteArrayValue([]byte(value)))
	if err != nil {
		return true, fmt.Errorf("%w: filter of %s: %w", ErrDamaged, c, err)
	}
	return may, nil
}
