package compliance

import (
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/witness"
	"github.com/greenlang/fournines/internal/state"
)

// Fold keeps peers, accusations, troubles, erasures, and the status of the archive. It is a
// state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	switch r.Kind {
	case PeerAdded.Name:
		var p Peer
		if err := r.Decode(&p); err != nil {
			return err
		}
		return d.Put(PeerPrefix+p.Name, p)
	case PeerRemoved.Name:
		d.Delete(PeerPrefix + r.Subject)
	case Accused.Name:
		return foldAccused(d, r)
	case TroubleRaised.Name, TroubleOver.Name:
		return foldTrouble(d, r)
	case PersonErased.Name:
		return foldErased(d, r)
	}
	return foldArchive(d, r)
}

func foldAccused(d *state.Docs, r journal.Record) error {
	var f witness.Finding
	if err := r.Decode(&f); err != nil {
		return err
	}
	var old Accusation
	if known, err := d.Get(AccusationPrefix+f.ID(), &old); known || err != nil {
		return err // the first entry that told it stays
	}
	return d.Put(AccusationPrefix+f.ID(), Accusation{f.ID(), f.Kind, f.Origin, f.String(), f.At, r.Index})
}

func foldTrouble(d *state.Docs, r journal.Record) error {
	var t, old Trouble
	if err := r.Decode(&t); err != nil {
		return err
	}
	known, err := d.Get(t.Key(), &old)
	switch {
	case err != nil || (known && r.Index <= old.Entry):
		return err
	case r.Kind == TroubleOver.Name:
		d.Delete(t.Key())
		return nil
	}
	t.Entry = r.Index
	return d.Put(t.Key(), t)
}
