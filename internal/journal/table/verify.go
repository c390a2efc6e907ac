package table

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Verify checks that the table answers as the log would: each row's bytes have the hash in
// the row, the hashes have the range's root, the index column counts, and no statistics
// and no filter hides a row. It reads the whole file.
func (t *Table) Verify(ctx context.Context) error {
	var f tiles.Frontier
	var buf []byte
	for _, g := range t.groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if buf, err = g.verify(&f, buf); err != nil {
			return err
		}
	}
	if f.Root() != t.meta.Root {
		return fmt.Errorf("%w: the root of entries %d to %d is %s, and it promises %s", ErrDamaged, t.meta.First, t.meta.Next, f.Root(), t.meta.Root)
	}
	return nil
}

func (g *Group) verify(f *tiles.Frontier, buf []byte) ([]byte, error) {
	if err := g.counts(); err != nil {
		return buf, err
	}
	var bad error
	_, err := g.scan(Filter{}, func(r Row) bool {
		if buf, bad = r.check(buf); bad != nil {
			return false
		}
		if bad = g.agrees(&r); bad != nil {
			return false
		}
		f.Add(r.Hash)
		return true
	})
	if bad != nil {
		return buf, bad
	}
	return buf, err
}

// agrees checks that the columns are what the bytes say, and that nothing hides the row.
func (g *Group) agrees(r *Row) error {
	if r.Time < g.min || r.Time > g.max {
		return fmt.Errorf("%w: the time of entry %d is outside of its row group's bounds", ErrDamaged, r.Index)
	}
	if r.Raw != "" {
		if err := r.fromRaw(); err != nil {
			return err
		}
	}
	for c, value := range map[Column]string{Subject: r.Subject, Operation: r.Operation, Actor: r.Actor, Trace: r.Trace} {
		if value == "" {
			continue
		}
		if may, err := g.MayHold(c, value); err != nil || !may {
			return fmt.Errorf("%w: the filter of %s does not know entry %d: %v", ErrDamaged, c, r.Index, err) //nolint:errorlint // mostly there is none
		}
	}
	return nil
}

// counts reads the column index, which [Group.Read] does not.
func (g *Group) counts() (err error) {
	defer intact(&err)
	v := &Vector{}
	pages := g.file.ColumnChunks()[Index].Pages()
	defer pages.Close() //nolint:errcheck // only read
	for r := (&reader{c: Index, pages: pages}); v.Len() < g.Rows(); {
		if err := r.next(v, g.Rows()-v.Len()); err != nil {
			return fmt.Errorf("%w: column index: %w", ErrDamaged, err)
		}
	}
	for i, n := range v.Ints {
		if uint64(n) != g.First+uint64(i) { //nolint:gosec // not negative
			return fmt.Errorf("%w: entry %d stands where %d should", ErrDamaged, n, g.First+uint64(i)) //nolint:gosec // not negative
		}
	}
	return nil
}

// leaves reads the leaf hashes of the group's rows.
func (g *Group) leaves() ([]tiles.Hash, error) {
	v, err := g.Read(Hash, 0, g.Rows())
	if err != nil {
		return nil, err
	}
	out := make([]tiles.Hash, g.Rows())
	for i := range out {
		text, _ := v.Text(i)
		if n, err := hex.Decode(out[i][:], []byte(text)); err != nil || n != len(out[i]) {
			return nil, fmt.Errorf("%w: a hash has %d bytes", ErrDamaged, n)
		}
	}
	return out, nil
}
