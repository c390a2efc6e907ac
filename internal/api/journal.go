package api

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

// Journal lists the record.
type Journal interface {
	// Entries answers newest first with at most f.Limit items.
	Entries(ctx context.Context, f EntryFilter) (Page[Entry], error)
	// Kinds lists what entries there can be.
	Kinds(ctx context.Context) ([]EntryKind, error)
}

// EntryFilter selects journal entries; an empty field selects all.
type EntryFilter struct {
	Kind      string // exact, or a prefix that ends in a dot: "fault."
	Subject   string // exact
	Operation string // exact
	From      uint64 // lowest index, included
	Before    uint64 // highest index, excluded; 0 is the journal's size
	Limit     int    // 1 to PageSize
}

// EntryKind is one kind of entry.
type EntryKind struct {
	Name   string          `json:"name"`
	Doc    string          `json:"doc" doc:"what an entry of the kind says"`
	Schema json.RawMessage `json:"schema" doc:"JSON schema of its data; null when it has none"`
}

// JournalRoutes list the journal's entries, and what kinds there are.
func JournalRoutes(s Journal) func(huma.API) {
	return func(x huma.API) {
		huma.Get(x, "/v1/journal", func(ctx context.Context, in *struct {
			Kind      string `query:"kind" doc:"exact, or a prefix that ends in a dot; one that no kind has is refused with 422"`
			Subject   string `query:"subject"`
			Operation string `query:"operation"`
			From      uint64 `query:"from"`
			Before    uint64 `query:"before"`
			Limit     int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
		}) (*Out[List[Entry]], error) {
			return AnswerList(s.Entries(ctx, EntryFilter(*in)))
		})
		MountList(x, "/v1/journal/kinds", s.Kinds)
	}
}
