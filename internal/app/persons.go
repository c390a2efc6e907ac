package app

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/wing"
	"github.com/greenlang/fournines/kit/audit"
)

// maxPersonsOf bounds whose erasures are looked up for one entry.
const maxPersonsOf = 100

// personsIn returns whose data stand sealed in an entry, and who of them was erased.
func (s *ServerApp) personsIn(data json.RawMessage) (persons []string, erased []api.Erasure) {
	persons = compliance.SealedFor(data)
	for _, p := range persons[:min(len(persons), maxPersonsOf)] {
		if e, ok, err := s.erasure(p); err == nil && ok {
			erased = append(erased, e)
		}
	}
	return persons, erased
}

func (s *ServerApp) erasure(pseudonym string) (api.Erasure, bool, error) {
	var e compliance.Erasure
	found, err := s.State.Get(compliance.ErasedPrefix+pseudonym, &e)
	return api.Erasure{Person: e.Person, At: e.At, Entry: e.Entry}, found, err
}

func (s *ServerApp) UnsealEntry(ctx context.Context, index uint64, reason string) (api.Entry, error) {
	e, err := s.Entry(ctx, index)
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
	if _, err := s.State.Append(ctx, look); err != nil {
		return e, fmt.Errorf("record who looks at personal data: %w; nothing was shown", err)
	}
	data, err := s.custody.sealer.OpenFields(e.Kind, e.Data)
	if data == nil {
		return e, fmt.Errorf("unseal entry %d: %w", index, err)
	}
	if err != nil { // what does not open stays as it is, and must not hide the rest
		s.Log.Warn("part of an entry's sealed data does not open", "entry", index, "err", err)
	}
	e.Data = data
	return e, nil
}

func (s *ServerApp) Person(_ context.Context, id string) (compliancedoor.Person, error) {
	p, err := s.person(id)
	if err != nil {
		return p, err
	}
	e, erased, err := s.erasure(p.Pseudonym)
	if erased {
		p.Erased = &e
	}
	return p, err
}

func (s *ServerApp) person(id string) (compliancedoor.Person, error) {
	if id == "" || len(id) > audit.MaxPerson {
		return compliancedoor.Person{}, fmt.Errorf("a person's id has 1 to %d bytes: %w", audit.MaxPerson, api.ErrNotFound)
	}
	return compliancedoor.Person{Pseudonym: s.custody.sealer.Pseudonym(id)}, nil
}

func (s *ServerApp) ErasePerson(ctx context.Context, id, reason string) (string, error) {
	p, err := s.person(id)
	if err != nil {
		return "", err
	}
	o, err := s.house.Ask(ctx, wing.RequestID(ctx, "erase"), compliance.KindErase, p.Pseudonym, reason, compliance.EraseArgs{Person: p.Pseudonym})
	return o.Key, err
}
