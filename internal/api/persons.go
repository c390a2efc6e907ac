package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Custodian keeps personal data that are sealed in the journal.
type Custodian interface {
	// UnsealEntry shows an entry with its personal data. Who looked at whose data and why
	// is recorded before. ErrRefused when the entry holds nothing sealed.
	UnsealEntry(ctx context.Context, index uint64, reason string) (Entry, error)
	// Person says under which pseudonym a person stands in the journal, and whether their
	// data can still be read. The id is the applications', and is not kept.
	Person(ctx context.Context, id string) (Person, error)
	// ErasePerson makes a person's data in the journal unreadable for good, and answers
	// with the operation that does so.
	ErasePerson(ctx context.Context, id, reason string) (operation string, err error)
}

// Person is a person as the journal knows them.
type Person struct {
	Pseudonym string   `json:"pseudonym"`
	Erased    *Erasure `json:"erased,omitempty"`
}

// Erasure says when a person's key was destroyed, and which entry says so.
type Erasure struct {
	Person string    `json:"person" doc:"pseudonym"`
	At     time.Time `json:"at"`
	Entry  uint64    `json:"entry"`
}

// entryQuery asks for an entry, with reason unsealed.
type entryQuery struct {
	Index  uint64 `path:"index"`
	Unseal bool   `query:"unseal" doc:"show sealed personal data; who looked and why is recorded"`
	Reason string `query:"reason" maxLength:"1024" doc:"why they are looked at; required with unseal"`
}

type entryAnswer struct {
	CacheControl string `header:"Cache-Control"`
	Body         Entry
}

func answerEntry(cache string, e Entry, err error) (*entryAnswer, error) {
	if err != nil {
		return nil, problem(err)
	}
	return &entryAnswer{cache, e}, nil
}

func mountPersons(x huma.API, s Source, a Custodian) {
	huma.Get(x, "/v1/journal/{index}", func(ctx context.Context, in *entryQuery) (*entryAnswer, error) {
		if !in.Unseal {
			e, err := s.Entry(ctx, in.Index)
			return answerEntry("", e, err)
		}
		if in.Reason == "" {
			return nil, huma.Error422UnprocessableEntity("to look at sealed personal data a reason is needed, which is recorded: add reason=…")
		}
		e, err := a.UnsealEntry(ctx, in.Index, in.Reason)
		return answerEntry("no-store", e, err)
	})
	huma.Get(x, "/v1/persons/{id}", func(ctx context.Context, in *identified) (*out[Person], error) {
		return answer(a.Person(ctx, in.ID))
	})
	huma.Delete(x, "/v1/persons/{id}", func(ctx context.Context, in *struct {
		ID     string `path:"id"`
		Reason string `query:"reason" required:"true" minLength:"1" maxLength:"1024" doc:"why; it is recorded and never erased, so it must not name the person"`
	}) (*out[started], error) {
		id, err := a.ErasePerson(ctx, in.ID, in.Reason)
		return answer(started{id}, err)
	})
}
