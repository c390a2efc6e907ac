package door

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
)

// entrySheet is one entry.
type entrySheet struct {
	Entry api.Entry
	Data  string // its data, indented
	Newer uint64 // the entry after it, 0 when it is the newest
	Older bool   // whether there is one before it
	Proof *Verification
	Open  bool // whether its personal data are shown
}

func (p pages) entry(ctx context.Context, a console.Ask) (console.Sheet, error) {
	index, err := console.ReadIndex("the index", a.Key)
	if err != nil {
		return console.Sheet{}, err
	}
	e, err := p.source.Proofs.Entry(ctx, index)
	if err != nil {
		return console.Sheet{}, fmt.Errorf("read journal entry %d: %w", index, err)
	}
	s := entrySheet{Entry: e, Data: indent(e.Data), Older: index > 0}
	if index+1 < a.Status.Journal.Size {
		s.Newer = index + 1
	}
	return console.Sheet{Title: "Entry " + a.Key, Data: s}, nil
}

// indent makes JSON readable; other text is shown as it is.
func indent(data json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Indent(&out, data, "", "  "); err != nil {
		return string(data)
	}
	return out.String()
}

// unseal shows an entry with its personal data, in the answer itself: there is no address
// under which they could be opened again without a reason.
func (p pages) unseal(ctx context.Context, f url.Values) (console.Outcome, error) {
	key, reason := f.Get("index"), strings.TrimSpace(f.Get("reason"))
	index, err := console.ReadIndex("the index", key)
	if err == nil {
		err = console.CheckReason(reason)
	}
	if err != nil {
		return console.Outcome{}, err
	}
	e, err := p.source.Persons.UnsealEntry(ctx, index, reason)
	if err != nil {
		return console.Outcome{}, err
	}
	return console.Outcome{Page: "entry", Key: key, With: func(data any) any {
		s, ok := data.(entrySheet)
		if !ok {
			return data
		}
		s.Entry, s.Data, s.Open = e, indent(e.Data), true
		return s
	}}, nil
}

// proof answers with the proof of one entry, for the browser to verify and for people to keep.
func (p pages) proof(w http.ResponseWriter, r *http.Request) {
	index, err := console.ReadIndex("the index", r.PathValue("index"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	proof, err := p.source.Proofs.Prove(r.Context(), index)
	switch {
	case errors.Is(err, api.ErrNotFound):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(proof) //nolint:errchkjson // a browser that is gone asks again
	}
}
