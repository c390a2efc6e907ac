package wiring

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// custody is what takes the events of applications in, and keeps the keys of the persons
// in them.
type custody struct {
	opened *seal.Directory
	keys   seal.KeyStore // opened, or what shares it with other servers
	sealer *seal.Sealer
	ingest *ingest.Service
}

const (
	// reserve is the free space below which applications' events wait in their spools, so
	// that our own entries still have room, in bytes.
	reserve = 256 << 20
	// mostBehind is how many entries may wait for a checkpoint before events wait too, and
	// mostUnfolded for the state, which operations wait for.
	mostBehind   = 1 << 20
	mostUnfolded = 20_000
)

// openCustody opens the keys, erases again who was erased, and begins to take events.
func (w *Wiring) openCustody(ctx context.Context) error {
	c, h := &w.custody, w.house
	var err error
	if c.opened, err = seal.OpenDirectory(filepath.Join(h.Dir, place.PersonsDir), filepath.Join(h.Layout.Root, place.PersonsMaster)); err != nil {
		return err
	}
	c.keys = w.options.Keys(c.opened)
	if c.sealer, err = seal.New(c.keys, c.opened.Pepper()); err != nil {
		return err
	}
	if err := w.eraseAgain(ctx); err != nil {
		return err
	}
	c.ingest, err = ingest.Open(ctx, ingest.Options{
		Journal: h.Journal, Sealer: c.sealer, Dir: filepath.Join(h.Dir, "audit-ids"), Tokens: h.Secrets.Applications, Log: h.Log, Room: w.room,
	})
	return err
}

func (c *custody) close() error {
	if c.ingest != nil {
		c.ingest.Close()
	}
	if c.opened != nil {
		return c.opened.Close()
	}
	return nil
}

// eraseAgain destroys the keys that a restored backup has brought back.
func (w *Wiring) eraseAgain(ctx context.Context) error {
	erased, err := state.List[compliance.Erasure](w.house.State, compliance.ErasedPrefix)
	if err != nil {
		return err
	}
	found, err := compliance.Again(w.custody.keys, erased)
	if len(found) > 0 {
		w.house.Log.Warn("the directory of persons' keys is older than the journal: persons who were erased since are erased again", "persons", len(found))
		err = errors.Join(err, wing.Record(ctx, w.house, compliance.ErasedAgain, "", compliance.Persons{Persons: found}))
	}
	return err
}

// room says why applications' events should wait though the journal could take them.
func (w *Wiring) room() error {
	var d syscall.Statfs_t
	if err := syscall.Statfs(w.house.Journal.Dir(), &d); err != nil {
		return fmt.Errorf("look at the journal's disk: %w", err)
	}
	if free := d.Bavail * uint64(d.Bsize); free < reserve { //nolint:gosec // a block size is positive
		return fmt.Errorf("the journal's disk has %d MiB free; the last %d are for operations: make room", free>>20, reserve>>20)
	}
	size := w.house.Journal.Head().Size // read first, because the numbers below only grow
	if _, published := w.house.Journal.Checkpoint(); size > published+mostBehind {
		return errors.New("the journal's checkpoint is too far behind its entries")
	}
	if size > w.house.State.Applied()+mostUnfolded {
		return errors.New("the state is too far behind the journal, and operations come first")
	}
	return nil
}

// keys are the keys of persons as the core uses them; they are opened after the wing is made.
type keys struct{ wiring *Wiring }

// Get implements compliance.Keys.
func (k keys) Get(pseudonym string) ([]byte, error) { return k.wiring.custody.keys.Get(pseudonym) }

// Destroy implements compliance.Keys.
func (k keys) Destroy(pseudonym string, at time.Time) (time.Time, error) {
	return k.wiring.custody.keys.Destroy(pseudonym, at)
}
