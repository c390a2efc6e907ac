package api

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/journal"
)

// EntryKind is one kind of entry.
type EntryKind struct {
	Name   string          `json:"name"`
	Doc    string          `json:"doc" doc:"what an entry of the kind says"`
	Schema json.RawMessage `json:"schema" doc:"JSON schema of its data; null when it has none"`
}

func mountProofs(x huma.API, s Source) {
	huma.Get(x, "/v1/journal/{index}/proof", func(ctx context.Context, in *struct {
		Index uint64 `path:"index"`
	}) (*out[journal.Proof], error) {
		return answer(s.Prove(ctx, in.Index))
	})
	mountList(x, "/v1/journal/kinds", s.Kinds)
}
