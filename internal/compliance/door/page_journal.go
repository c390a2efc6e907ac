package door

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
)

// journalSheet is a page of the journal.
type journalSheet struct {
	Filter api.EntryFilter
	Items  []api.Entry
	Older  string // addresses of the pages around this one, or empty
	Newest string
	Watch  Witnesses
	Proof  *Verification // nil until somebody asks
}

func (p pages) journal(ctx context.Context, a console.Ask) (console.Sheet, error) {
	f, err := readEntryFilter(a.Query)
	if err != nil {
		return console.Sheet{}, err
	}
	page, err := p.entries.Entries(ctx, f)
	if err != nil {
		return console.Sheet{}, fmt.Errorf("list journal: %w", err)
	}
	s := journalSheet{Filter: f, Items: page.Items}
	if s.Watch, err = p.source.Witnesses.Witnesses(ctx); err != nil {
		return console.Sheet{}, fmt.Errorf("list witnesses: %w", err)
	}
	if page.Next != "" {
		s.Older = "/journal?" + console.With(a.Query, "before", page.Next).Encode()
	}
	if f.Before != 0 {
		s.Newest = "/journal?" + console.With(console.With(a.Query, "before", ""), "from", "").Encode()
	}
	return console.Sheet{Title: "Journal", Data: s}, nil
}

// readEntryFilter reads the filters of the journal from an address.
func readEntryFilter(q url.Values) (api.EntryFilter, error) {
	if err := console.OnlyFilters(q, "kind", "subject", "operation", "from", "before"); err != nil {
		return api.EntryFilter{}, err
	}
	f := api.EntryFilter{
		Kind: strings.TrimSpace(q.Get("kind")), Subject: strings.TrimSpace(q.Get("subject")),
		Operation: strings.TrimSpace(q.Get("operation")), Limit: console.PageSize,
	}
	var err error
	if f.From, err = console.ReadIndex("from", q.Get("from")); err != nil {
		return api.EntryFilter{}, err
	}
	if f.Before, err = console.ReadIndex("before", q.Get("before")); err != nil {
		return api.EntryFilter{}, err
	}
	if f.Before != 0 && f.From >= f.Before {
		return api.EntryFilter{}, console.BadRequest(fmt.Sprintf("no entry is at or after %d and before %d", f.From, f.Before), "Give from a smaller index than before.")
	}
	return f, nil
}

// verify checks the journal and shows the proof: alone to a page that is open, else above the
// journal's newest entries.
func (p pages) verify(ctx context.Context, _ url.Values) (console.Outcome, error) {
	proof, err := p.source.Proofs.Verify(ctx)
	if err != nil {
		return console.Outcome{}, err
	}
	return console.Outcome{Page: "journal", Part: "journal-proof", With: func(data any) any {
		s, ok := data.(journalSheet)
		if !ok {
			return data
		}
		s.Proof = &proof
		return s
	}}, nil
}
