package wiring

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/wing"
	"github.com/greenlang/fournines/kit/audit"
)

// maxPersonsOf bounds whose erasures are looked up for one entry.
const maxPersonsOf = 100

// PersonsIn returns the persons whose data stand sealed in an entry, and marks those that
// were erased.
func (w *Wiring) PersonsIn(data json.RawMessage) (persons []string, erased []api.Erasure, err error) {
	persons = compliance.SealedFor(data)
	for _, p := range persons[:min(len(persons), maxPersonsOf)] {
		e, ok, err := w.erasure(p)
		if err != nil {
			return persons, nil, err
		}
		if ok {
			erased = append(erased, e)
		}
	}
	return persons, erased, nil
}

func (w *Wiring) erasure(pseudonym string) (api.Erasure, bool, error) {
	var e compliance.Erasure
	found, err := w.house.State.Get(compliance.ErasedPrefix+pseudonym, &e)
	return api.Erasure{Person: e.Person, At: e.At, Entry: e.Entry}, found, err
}

// UnsealEntry implements api.Actions.
func (w *Wiring) UnsealEntry(ctx context.Context, index uint64, reason string) (api.Entry, error) {
	e, err := w.options.Entries.Entry(ctx, index)
	if err != nil {
		return e, err
	}
	if len(e.Sealed) == 0 {
		return e, fmt.Errorf("entry %d holds no sealed personal data: %w", index, api.ErrRefused)
	}
	look, err := compliance.Unsealed.Entry(fmt.Sprintf("entry %d", index), "", compliance.Look{Entry: index, Persons: e.Sealed})
	if err != nil {
		return e, err
	}
	look.Actor, look.Reason = wing.Actor(ctx), reason
	if _, err := w.house.State.Append(ctx, look); err != nil {
		return e, fmt.Errorf("record the access to personal data: %w; nothing was shown", err)
	}
	data, err := w.custody.sealer.OpenFields(e.Kind, e.Data)
	if data == nil {
		return e, fmt.Errorf("unseal entry %d: %w", index, err)
	}
	if err != nil { // what does not open stays as it is, and must not hide the rest
		w.house.Log.Warn("part of an entry's sealed data does not open", "entry", index, "err", err)
	}
	e.Data = data
	return e, nil
}

// Person implements api.Actions.
func (w *Wiring) Person(_ context.Context, id string) (door.Person, error) {
	p, err := w.person(id)
	if err != nil {
		return p, err
	}
	e, erased, err := w.erasure(p.Pseudonym)
	if erased {
		p.Erased = &e
	}
	return p, err
}

func (w *Wiring) person(id string) (door.Person, error) {
	if id == "" || len(id) > audit.MaxPerson {
		return door.Person{}, fmt.Errorf("a person's id has 1 to %d bytes: %w", audit.MaxPerson, api.ErrNotFound)
	}
	return door.Person{Pseudonym: w.custody.sealer.Pseudonym(id)}, nil
}

// ErasePerson implements api.Actions.
func (w *Wiring) ErasePerson(ctx context.Context, id, reason string) (string, error) {
	p, err := w.person(id)
	if err != nil {
		return "", err
	}
	o, err := w.house.Ask(ctx, wing.RequestID(ctx, "erase"), compliance.KindErase, p.Pseudonym, reason, compliance.EraseArgs{Person: p.Pseudonym})
	return o.Key, err
}
