package compliance

import (
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/state"
)

// foldArchive keeps one document for each place. There are as many as people configured: one, nearly
// always.
func foldArchive(d *state.Docs, r journal.Record) error {
	p, ours, err := archive.PlaceOf(r.Entry)
	if err != nil || !ours {
		return err
	}
	var s archive.Status
	if _, err := d.Get(archive.DocPrefix+p.String(), &s); err != nil {
		return err
	}
	if s, err = s.Apply(r); err != nil {
		return err
	}
	return d.Put(archive.DocPrefix+p.String(), s)
}
