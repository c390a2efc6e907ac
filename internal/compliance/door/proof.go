package door

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/journal"
)

// Verification is the result of checking the journal on disk from its first byte.
type Verification struct {
	OK      bool      `json:"ok"`
	Size    uint64    `json:"size"`
	Root    string    `json:"root"`
	Problem string    `json:"problem,omitempty" doc:"what is wrong and at which entry"`
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
}

// Proofs reads entries, and proves and checks the record.
type Proofs interface {
	// Entry is one entry; ErrNotFound at or past the journal's size.
	Entry(ctx context.Context, index uint64) (api.Entry, error)
	// Verify checks the journal on disk from its first byte. A journal that does
	// not verify is an answer (OK false), not an error.
	Verify(ctx context.Context) (Verification, error)
	// Prove proves one entry by the newest checkpoint, to somebody who has nothing else;
	// ErrNotFound at or past that checkpoint's size, which follows within a second.
	Prove(ctx context.Context, index uint64) (journal.Proof, error)
}

// entryQuery asks for an entry, with reason unsealed.
type entryQuery struct {
	Index  uint64     `path:"index"`
	Unseal bool       `query:"unseal" doc:"show sealed personal data; who looked and why is recorded"`
	Reason api.Reason `query:"reason" maxLength:"1024" doc:"why they are looked at; required with unseal"`
}

type entryAnswer struct {
	CacheControl string `header:"Cache-Control"`
	Body         api.Entry
}

func answerEntry(cache string, e api.Entry, err error) (*entryAnswer, error) {
	if err != nil {
		return nil, api.Problem(err)
	}
	return &entryAnswer{cache, e}, nil
}

func mountProofs(x huma.API, s Proofs, sealed Custodian) {
	huma.Get(x, "/v1/journal/{index}", func(ctx context.Context, in *entryQuery) (*entryAnswer, error) {
		if !in.Unseal {
			e, err := s.Entry(ctx, in.Index)
			return answerEntry("", e, err)
		}
		if in.Reason == "" {
			return nil, huma.Error422UnprocessableEntity("to look at sealed personal data a reason is needed, which is recorded: add reason=…")
		}
		e, err := sealed.UnsealEntry(ctx, in.Index, string(in.Reason))
		return answerEntry("no-store", e, err)
	})
	huma.Get(x, "/v1/journal/{index}/proof", func(ctx context.Context, in *struct {
		Index uint64 `path:"index"`
	}) (*api.Out[journal.Proof], error) {
		return api.Answer(s.Prove(ctx, in.Index))
	})
	huma.Post(x, "/v1/journal/verify", func(ctx context.Context, _ *struct{}) (*api.Out[Verification], error) {
		return api.Answer(s.Verify(ctx))
	})
}
