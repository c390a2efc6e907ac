package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// readTables checks the tables whose entries are all hashed, and forgets hashes that no
// later one needs.
func (a *audit) readTables(ctx context.Context) error {
	for ; a.checked < len(a.tables) && a.tables[a.checked].next <= a.edge.Size; a.checked++ {
		t := a.tables[a.checked]
		if t.first > a.covered {
			return a.damage(a.covered, journal.Missing, fmt.Sprintf("no table in %s holds it: %s is the next", partPrefix, t.Key))
		}
		if err := a.readTable(ctx, t); err != nil {
			return err
		}
		if err := a.manifest(ctx, t); err != nil {
			return err
		}
		a.covered = max(a.covered, t.next)
		a.found.Parts++
	}
	keep := a.edge.Size
	if a.checked < len(a.tables) {
		keep = min(keep, a.tables[a.checked].first)
	}
	if keep > a.base {
		a.window = append(a.window[:0], a.window[keep-a.base:]...)
		a.base = keep
	}
	return nil
}

// readTable compares a table's entries with the tree.
func (a *audit) readTable(ctx context.Context, t tabled) error {
	f, err := scratch("")
	if err != nil {
		return fmt.Errorf("verify archive %s: %w", a.name, err)
	}
	defer f.Close() //nolint:errcheck // it is gone already
	var size int64
	err = a.with(ctx, t.Object, t.Key, t.first, func(r io.Reader) (err error) {
		size, err = io.Copy(f, r)
		return err
	})
	if err != nil {
		return err
	}
	at := t.first
	for b, err := range a.o.Read(f, size) {
		if err != nil {
			return a.damage(at, journal.BitRot, t.Key+" cannot be read: "+err.Error())
		}
		if at == t.next {
			return a.damage(at, journal.Replaced, t.Key+" holds more entries than its name says")
		}
		if tiles.Leaf(b) != a.window[at-a.base] {
			return a.damage(at, journal.Replaced, "it is another one in "+t.Key)
		}
		at++
	}
	if at < t.next {
		return a.damage(at, journal.Truncated, fmt.Sprintf("%s ends before it; entries up to %d should be there", t.Key, t.next-1))
	}
	return nil
}

// manifest compares what a part's manifest lists with what is there.
func (a *audit) manifest(ctx context.Context, t tabled) error {
	key := ManifestKey(t.first, t.next)
	b, err := a.read(ctx, a.objects[key], key, t.first)
	if err != nil {
		return err
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return a.damage(t.first, journal.BitRot, key+" is no manifest: "+err.Error())
	}
	if m.First != t.first || m.Next != t.next || m.Part.Key != t.Key || m.Checkpoint.Key != CheckpointKey(t.next) {
		return a.damage(t.first, journal.Replaced, key+" is of another part")
	}
	for _, o := range append([]Object{m.Part, m.Checkpoint}, m.Tiles...) {
		switch is, ok := a.objects[o.Key]; {
		case !ok:
			return a.damage(t.first, journal.Missing, o.Key+" is gone")
		case is.Version != o.Version || is.Size != o.Size:
			return a.damage(t.first, journal.Replaced, fmt.Sprintf("%s is version %s with %d bytes, version %s with %d bytes was archived", o.Key, is.Version, is.Size, o.Version, o.Size))
		}
	}
	return nil
}
