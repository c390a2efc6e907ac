package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/greenlang/fournines/internal/api"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
)

// journalSheet is a page of the journal.
type journalSheet struct {
	Filter EntryFilter
	Items  []api.Entry
	Older  string // addresses of the pages around this one, or empty
	Newest string
	Watch  compliancedoor.Witnesses
	Proof  *compliancedoor.Verification // nil until somebody asks
}

func loadJournal(ctx context.Context, src Source, a ask) (sheet, error) {
	f, err := readEntryFilter(a.Query)
	if err != nil {
		return sheet{}, err
	}
	page, err := src.Entries(ctx, f)
	if err != nil {
		return sheet{}, fmt.Errorf("list journal: %w", err)
	}
	s := journalSheet{Filter: f, Items: page.Items}
	if s.Watch, err = src.Witnesses(ctx); err != nil {
		return sheet{}, fmt.Errorf("list witnesses: %w", err)
	}
	if page.Next != "" {
		s.Older = "/journal?" + with(a.Query, "before", page.Next).Encode()
	}
	if f.Before != 0 {
		s.Newest = "/journal?" + with(with(a.Query, "before", ""), "from", "").Encode()
	}
	return sheet{Title: "Journal", Data: s}, nil
}

// readEntryFilter reads the filters of the journal from an address.
func readEntryFilter(q url.Values) (EntryFilter, error) {
	if err := onlyFilters(q, "kind", "subject", "operation", "from", "before"); err != nil {
		return EntryFilter{}, err
	}
	f := EntryFilter{
		Kind: strings.TrimSpace(q.Get("kind")), Subject: strings.TrimSpace(q.Get("subject")),
		Operation: strings.TrimSpace(q.Get("operation")), Limit: PageSize,
	}
	var err error
	if f.From, err = readIndex("from", q.Get("from")); err != nil {
		return EntryFilter{}, err
	}
	if f.Before, err = readIndex("before", q.Get("before")); err != nil {
		return EntryFilter{}, err
	}
	if f.Before != 0 && f.From >= f.Before {
		return EntryFilter{}, badRequest(fmt.Sprintf("no entry is at or after %d and before %d", f.From, f.Before), "Give from a smaller index than before.")
	}
	return f, nil
}

// readIndex reads a journal index; empty is 0.
func readIndex(name, text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, badRequest(fmt.Sprintf("%s is %q, which is no journal index", name, text), "Give a whole number from 0.")
	}
	return n, nil
}

// entrySheet is one entry.
type entrySheet struct {
	Entry api.Entry
	Data  string // its data, indented
	Newer uint64 // the entry after it, 0 when it is the newest
	Older bool   // whether there is one before it
	Proof *compliancedoor.Verification
	Open  bool // whether its personal data are shown
}

func loadEntry(ctx context.Context, src Source, a ask) (sheet, error) {
	index, err := readIndex("the index", a.Key)
	if err != nil {
		return sheet{}, err
	}
	e, err := src.Entry(ctx, index)
	if err != nil {
		return sheet{}, fmt.Errorf("read journal entry %d: %w", index, err)
	}
	s := entrySheet{Entry: e, Data: indent(e.Data), Older: index > 0}
	if index+1 < a.Status.Journal.Size {
		s.Newer = index + 1
	}
	return sheet{Title: "Entry " + a.Key, Data: s}, nil
}

// indent makes JSON readable; what is no JSON is shown as it is.
func indent(data json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Indent(&out, data, "", "  "); err != nil {
		return string(data)
	}
	return out.String()
}

// proof answers with the proof of one entry, for the browser to verify and for people to keep.
func (c *console) proof(w http.ResponseWriter, r *http.Request) {
	index, err := readIndex("the index", r.PathValue("index"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p, err := c.source.Prove(r.Context(), index)
	switch {
	case errors.Is(err, ErrNotFound):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(p) //nolint:errchkjson // a browser that is gone asks again
	}
}
