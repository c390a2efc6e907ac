package door

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
)

// Custodian keeps personal data that are sealed in the journal.
type Custodian interface {
	// UnsealEntry shows an entry with its personal data. The operator, the person and the
	// reason is recorded before. ErrRefused when the entry holds nothing sealed.
	UnsealEntry(ctx context.Context, index uint64, reason string) (api.Entry, error)
	// Person says under which pseudonym a person stands in the journal, and whether their
	// data can still be read. The id is the applications', and is not kept.
	Person(ctx context.Context, id string) (Person, error)
	// ErasePerson makes a person's data in the journal unreadable for good, and answers
	// with the operation that does so.
	ErasePerson(ctx context.Context, id, reason string) (operation string, err error)
}

// Person is a person as the journal knows them.
type Person struct {
	Pseudonym string       `json:"pseudonym"`
	Erased    *api.Erasure `json:"erased,omitempty"`
}

func mountPersons(x huma.API, s Custodian) {
	huma.Get(x, "/v1/persons/{id}", func(ctx context.Context, in *api.Identified) (*api.Out[Person], error) {
		return api.Answer(s.Person(ctx, in.ID))
	})
	huma.Delete(x, "/v1/persons/{id}", func(ctx context.Context, in *struct {
		ID     string     `path:"id"`
		Reason api.Reason `query:"reason" required:"true" minLength:"1" maxLength:"1024" doc:"why; it is recorded and never erased, so it must not name the person"`
	}) (*api.Out[api.Started], error) {
		return api.AnswerStarted(s.ErasePerson(ctx, in.ID, string(in.Reason)))
	})
}
