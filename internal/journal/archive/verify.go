package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// ErrEmpty means that a bucket holds no archive.
var ErrEmpty = errors.New("nothing is archived there")

// ReadFunc yields the exact bytes of a table's entries, in order.
type ReadFunc func(r io.ReaderAt, size int64) iter.Seq2[[]byte, error]

// VerifyOptions say what an archive is checked against. All but Against and Progress are required.
type VerifyOptions struct {
	Key      string    // vkey that must have signed its checkpoints
	Now      time.Time // when locks must be in force
	Read     ReadFunc
	Against  []byte                   // an older checkpoint, of which the archive must be the continuation
	Progress func(done, total uint64) // told now and then; nil: nobody
}

// Audit is what was found in order.
type Audit struct {
	journal.Audit
	Parts   int       `json:"parts"`
	Objects int       `json:"objects"`
	Bytes   int64     `json:"bytes"`
	Until   time.Time `json:"retained_until"` // the first lock that ends
	Covered []string  `json:"covered"`        // keys over whose locked version something else was laid, at most 100
}

// Verify checks an archive from nothing but its bucket: the checkpoints' signatures and
// roots, every tile against those below it, every entry's hash, every table's entries
// against the tree, every lock. Damage is a [journal.DamageError] with the first entry concerned.
func Verify(ctx context.Context, r Reader, name string, o VerifyOptions) (Audit, error) {
	v, err := note.NewVerifier(o.Key)
	if err != nil {
		return Audit{}, fmt.Errorf("verify archive %s: the key %.80q: %w; it is the line in the file key.pub of the journal", name, o.Key, err)
	}
	a := &audit{bucket: bucket{r: r, name: name, now: o.Now}, o: o}
	if err := a.list(ctx); err != nil {
		return Audit{}, err
	}
	if err := a.open(ctx, v); err != nil {
		return Audit{}, err
	}
	if err := a.walk(ctx); err != nil {
		return Audit{}, err
	}
	newest := a.marks[len(a.marks)-1]
	a.found.Head = journal.Head{Size: newest.Size, Root: newest.Root.String()}
	a.found.Published, a.found.Origin, a.found.Key, a.found.Checkpoint = newest.Size, newest.Origin, o.Key, string(newest.raw)
	return a.result(), nil
}

// audit is one verification under way.
type audit struct {
	bucket
	o       VerifyOptions
	objects map[string]Object // tiles, bundles and manifests by key
	tables  []tabled          // by their first entry
	marks   []mark            // checkpoints by their size
	against tiles.Checkpoint

	edge    tiles.Edge
	window  []tiles.Hash // leaf hashes from the index base on, which tables still need
	base    uint64
	checked int    // tables
	covered uint64 // entries that tables hold without a gap
	proved  uint64 // size of the last checkpoint whose root was right
}

// tabled is one part's object.
type tabled struct {
	Object
	first, next uint64
}

// list reads what is there. Objects of a part that is being put, beyond the newest
// checkpoint, is nobody's business yet.
func (a *audit) list(ctx context.Context) error {
	a.objects = map[string]Object{}
	for _, prefix := range []string{tilePrefix, manifestPrefix, partPrefix, checkpointPrefix} {
		for o, err := range a.r.List(ctx, prefix) {
			if err != nil {
				return fmt.Errorf("verify archive %s: %w", a.name, err)
			}
			if o.Covered && len(a.found.Covered) < 100 {
				a.found.Covered = append(a.found.Covered, o.Key)
			}
			a.objects[o.Key] = o
			if first, next, ok := ParsePart(o.Key); ok {
				a.tables = append(a.tables, tabled{o, first, next})
			}
			if size, ok := ParseCheckpoint(o.Key); ok {
				a.marks = append(a.marks, mark{Checkpoint: tiles.Checkpoint{Size: size}})
			}
		}
	}
	if len(a.marks) == 0 {
		return fmt.Errorf("verify archive %s: %w: no checkpoint is there", a.name, ErrEmpty)
	}
	slices.SortFunc(a.tables, func(x, y tabled) int { return cmp.Or(cmp.Compare(x.first, y.first), cmp.Compare(x.next, y.next)) })
	slices.SortFunc(a.marks, func(x, y mark) int { return cmp.Compare(x.Size, y.Size) })
	newest := a.marks[len(a.marks)-1].Size
	a.tables = slices.DeleteFunc(a.tables, func(t tabled) bool { return t.next > newest })
	return nil
}
