package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// audit is one verification under way.
type audit struct {
	name    string // directory or URL
	src     tiles.Source
	o       VerifyOptions
	c       tiles.Checkpoint
	known   acknowledged
	against tiles.Checkpoint

	mu      sync.Mutex              // guards what follows while workers run
	end     uint64                  // entries found
	roots   []tiles.Hash            // of each full tile of leaves
	leaves  map[uint64][]tiles.Hash // of leafTiles in which a root is asked for, and of those not full
	log     *DamageError            // the first damage in the log
	differs *DamageError            // the first place where tiles or bundles are not the log's
	broken  error                   // why it could not be finished
}

// leafTile is up to 256 adjacent entries: what one tile of leaves covers.
type leafTile struct {
	n      uint64
	frames [][]byte // nil: they are read from the bundle
}

// run checks all leafTiles that feed delivers, and what they add up to. least is the number
// of entries that must be there.
func (a *audit) run(ctx context.Context, v note.Verifier, least uint64, feed func(context.Context, chan<- *leafTile) error) error {
	a.leaves = map[uint64][]tiles.Hash{}
	if a.o.Against != nil {
		var err error
		if a.against, err = tiles.OpenCheckpoint(a.o.Against, v); err != nil {
			return fmt.Errorf("verify journal %s: the older checkpoint does not belong to this log: %w", a.name, err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leafTiles := make(chan *leafTile, 16)
	var wg sync.WaitGroup
	for range min(8, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for s := range leafTiles {
				if err := a.check(ctx, s, least); err != nil {
					a.stop(err)
					cancel()
				}
			}
		})
	}
	err := feed(ctx, leafTiles)
	close(leafTiles)
	wg.Wait()
	if a.broken != nil {
		return a.broken
	}
	if a.log != nil && !errors.As(err, new(*DamageError)) {
		return errors.Join(err, a.log)
	}
	if err != nil {
		return a.first(err)
	}
	return a.judge(ctx)
}

// first prefers the damage with the lowest index.
func (a *audit) first(err error) error {
	var d *DamageError
	if errors.As(err, &d) && a.log != nil && a.log.Index < d.Index {
		return a.log
	}
	return err
}

func (a *audit) stop(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken == nil {
		a.broken = fmt.Errorf("verify journal %s: %w", a.name, err)
	}
}

// note keeps the damage with the lowest index.
func (a *audit) note(at **DamageError, index uint64, kind Damage, detail string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if *at == nil || index < (*at).Index {
		*at = &DamageError{a.name, index, kind, detail}
	}
}

// check hashes the entries of a tile of leaves and compares them with the tiles.
func (a *audit) check(ctx context.Context, s *leafTile, least uint64) error {
	payloads, err := a.payloads(ctx, s)
	if err != nil || payloads == nil {
		return err
	}
	leaves := make([]tiles.Hash, len(payloads))
	for i, p := range payloads {
		leaves[i] = tiles.Leaf(p)
	}
	if err := a.compare(ctx, s, payloads, leaves); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.end = max(a.end, s.n*tiles.Width+uint64(len(leaves)))
	if len(leaves) < tiles.Width || s.n == a.c.Size/tiles.Width || s.n == a.known.size/tiles.Width || s.n == a.against.Size/tiles.Width {
		a.leaves[s.n] = append([]tiles.Hash{}, leaves...)
	}
	if len(leaves) == tiles.Width {
		for uint64(len(a.roots)) <= s.n {
			a.roots = append(a.roots, tiles.Hash{})
		}
		a.roots[s.n] = tiles.TileRoot(leaves)
	}
	if a.o.Progress != nil && s.n%64 == 0 {
		a.o.Progress(min(a.end, least), least)
	}
	return nil
}

// payloads returns the entries of a tile of leaves, nil when they are damaged.
func (a *audit) payloads(ctx context.Context, s *leafTile) ([][]byte, error) {
	first := s.n * tiles.Width
	if s.frames == nil {
		return a.bundled(ctx, s)
	}
	out := make([][]byte, len(s.frames))
	for i, frame := range s.frames {
		var err error
		if out[i], err = payloadOf(frame); err != nil {
			a.note(&a.log, first+uint64(i), BitRot, "its bytes do not match their checksum") //nolint:gosec // not negative
			return nil, nil                                                                  //nolint:nilnil,nilerr // it is the finding
		}
	}
	return out, nil
}

// root returns the root over the first size entries.
func (a *audit) root(size uint64) tiles.Hash {
	var f tiles.Frontier
	for _, h := range a.roots[:size/tiles.Width] {
		f.AddSubtree(8, h)
	}
	if rest := size % tiles.Width; rest > 0 {
		for _, h := range a.leaves[size/tiles.Width][:rest] {
			f.Add(h)
		}
	}
	return f.Root()
}

// judge compares roots, upper tiles, and what is known from elsewhere.
func (a *audit) judge(ctx context.Context) error {
	if a.against.Size > a.end {
		return &DamageError{a.name, a.end, RolledBack, fmt.Sprintf("it has %d entries, and a checkpoint over %d is known", a.end, a.against.Size)}
	}
	if a.root(a.c.Size) != a.c.Root {
		if a.differs != nil {
			d := *a.differs
			d.Kind = Replaced
			return &d
		}
		return &DamageError{a.name, 0, Replaced, fmt.Sprintf("the tree over the first %d entries is %.16s…, %.16s… was signed", a.c.Size, a.root(a.c.Size), a.c.Root)}
	}
	if a.differs != nil {
		return a.differs
	}
	if root := a.root(a.known.size); root != a.known.root {
		at := a.c.Size
		if a.known.size <= a.c.Size {
			at = 0
		}
		return &DamageError{a.name, at, Replaced, fmt.Sprintf("the tree over the first %d entries is %.16s…, %.16s… was acknowledged: an entry from here on was replaced", a.known.size, root, a.known.root)}
	}
	if err := a.upper(ctx); err != nil {
		return err
	}
	if a.o.Against != nil && a.root(a.against.Size) != a.against.Root {
		return &DamageError{a.name, 0, Forked, fmt.Sprintf("its first %d entries are not those of a checkpoint that is known", a.against.Size)}
	}
	return nil
}
