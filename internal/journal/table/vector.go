package table

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// Vector is one column over adjacent rows: integers, or text by codes. Equal text may
// have different codes.
type Vector struct {
	Ints  []int64
	Words []string
	Codes []int32 // place in Words; Null for null
}

// Null is the code of what an entry does not have.
const Null = -1

// Len returns the number of rows.
func (v *Vector) Len() int { return max(len(v.Ints), len(v.Codes)) }

// Text returns the text in a row, and whether there is one.
func (v *Vector) Text(row int) (string, bool) {
	if v.Codes[row] == Null {
		return "", false
	}
	return v.Words[v.Codes[row]], true
}

// Read reads a column's values in the group's rows from the row from on, below to. The
// hash is given in hexadecimal.
func (g *Group) Read(c Column, from, to int) (v *Vector, err error) {
	defer intact(&err)
	v = &Vector{}
	if c == Index {
		v.Ints = make([]int64, to-from)
		for i := range v.Ints {
			v.Ints[i] = int64(g.First) + int64(from+i) //nolint:gosec // an index is below 2^63
		}
		return v, nil
	}
	pages := g.file.ColumnChunks()[c].Pages()
	defer func() { err = errors.Join(err, pages.Close()) }()
	if from > 0 {
		if err := pages.SeekToRow(int64(from)); err != nil {
			return nil, fmt.Errorf("%w: column %s: %w", ErrDamaged, c, err)
		}
	}
	r := &reader{c: c, pages: pages}
	for v.Len() < to-from {
		if err := r.next(v, to-from-v.Len()); err != nil {
			return nil, fmt.Errorf("%w: column %s: %w", ErrDamaged, c, err)
		}
	}
	return v, nil
}

// reader takes the pages of one column chunk.
type reader struct {
	c     Column
	pages parquet.Pages
	dict  parquet.Dictionary // whose words v has from base on
	base  int
}

// next takes up to n values from the next page.
func (r *reader) next(v *Vector, n int) error {
	p, err := r.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	defer parquet.Release(p)
	whole := p
	if p.NumRows() > int64(n) {
		whole = p.Slice(0, int64(n))
	}
	if whole.NumRows() <= 0 {
		return errors.New("a page has no rows")
	}
	before := v.Len()
	if r.c.Number() {
		r.numbers(v, whole)
	} else {
		err = r.text(v, whole)
	}
	if err == nil && int64(v.Len()-before) != whole.NumRows() {
		err = errors.New("a page does not have the values that it promises")
	}
	return err
}

func (r *reader) numbers(v *Vector, p parquet.Page) {
	values := p.Data()
	switch d := p.Dictionary(); {
	case d != nil:
		for _, code := range values.Int32() {
			v.Ints = append(v.Ints, int64(d.Index(code).Int32()))
		}
	case r.c == Nanos:
		for _, n := range values.Int32() {
			v.Ints = append(v.Ints, int64(n))
		}
	default:
		v.Ints = append(v.Ints, values.Int64()...)
	}
}

func (r *reader) text(v *Vector, p parquet.Page) error {
	values := p.Data()
	var codes []int32
	if d := p.Dictionary(); d != nil {
		if d != r.dict {
			r.dict, r.base = d, len(v.Words)
			for i := range d.Len() {
				v.Words = append(v.Words, string(d.Index(int32(i)).ByteArray())) //nolint:gosec // a dictionary is small
			}
		}
		codes = values.Int32()
		for _, c := range codes {
			if c < 0 || int(c) >= d.Len() {
				return errors.New("a value is not in its dictionary")
			}
		}
		return v.place(p, r.base, len(codes), func(i int) int { return int(codes[i]) })
	}
	base := len(v.Words)
	if r.c == Hash {
		b, size := values.FixedLenByteArray()
		for ; len(b) >= size && size > 0; b = b[size:] {
			v.Words = append(v.Words, hex.EncodeToString(b[:size]))
		}
	} else {
		b, offsets := values.ByteArray()
		all := string(b)
		for i := 1; i < len(offsets); i++ {
			v.Words = append(v.Words, all[offsets[i-1]:offsets[i]])
		}
	}
	return v.place(p, base, len(v.Words)-base, func(i int) int { return i })
}

// place adds the codes of n values behind base, with nulls where the page has them.
func (v *Vector) place(p parquet.Page, base, n int, code func(int) int) error {
	levels, used := p.DefinitionLevels(), 0
	for row := range int(p.NumRows()) {
		if levels != nil && levels[row] == 0 {
			v.Codes = append(v.Codes, Null)
			continue
		}
		if used == n {
			return errors.New("a page has fewer values than rows")
		}
		v.Codes = append(v.Codes, int32(base+code(used))) //nolint:gosec // a group is small
		used++
	}
	return nil
}
