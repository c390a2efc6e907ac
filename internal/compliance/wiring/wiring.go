package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/internal/wing"
)

// Options are settings for several servers that hold one journal.
type Options struct {
	// Entries reads the journal as people see it.
	Entries Entries
	// Keys returns where persons' keys are kept; it is given the directory of this server.
	Keys func(*seal.Directory) seal.KeyStore
	// Peers are the servers that hold the journal with this one: each watches it.
	Peers func() []compliance.Peer
	// Leads tells whether no other server may have told of more of the journal.
	Leads func() bool
}

// Entries reads the journal as people see it.
type Entries interface {
	// Entries answers newest first with at most f.Limit items.
	Entries(ctx context.Context, f api.EntryFilter) (api.Page[api.Entry], error)
	// Entry is one entry; [wing.ErrNotFound] at or past the journal's size.
	Entry(ctx context.Context, index uint64) (api.Entry, error)
}

// Wiring is the compliance wing in a house.
type Wiring struct {
	house   *wing.House
	options Options
	witness *witnesses
	custody custody
	archive archiving
	answers *answers
}

// New returns the wing, and its wiring for the doors.
func New(h *wing.House, o Options) (*Wiring, wing.Wing) {
	w := &Wiring{house: h, options: o, witness: newWitnesses(h, o)}
	return w, wing.Wing{
		Name:    "compliance",
		Entries: slices.Concat(compliance.EntryKinds(), archive.EntryKinds(), ingest.EntryKinds()),
		Fold:    compliance.Fold,
		Actions: compliance.Erasures{Keys: keys{w}, Records: records{h}, Now: h.Now}.Kinds(),
		Open:    w.open,
		Close:   w.close,
		Tasks: []wing.Task{
			{Name: "witness", Does: "Has other servers' witnesses cosign the journal, and watches theirs.", Do: w.witness.run},
			{Name: "evidence", Does: "Records what witnesses found.", Do: w.witness.record},
			{Name: "archive", Does: "Carries the journal into the archive.", Do: w.carry},
			{Name: "locks", Does: "Tries once a day to break the locks of the archive.", Do: w.probe},
			{Name: "tables", Does: "Keeps the journal's tables, which questions are answered from.", Do: w.keepTables},
		},
		Drills:   compliance.Drills(),
		Findings: w.findings,
		Metrics:  w.archiveMetrics(),
	}
}

// open opens what the tasks and the actions stand on: the keys first, so that who was erased
// is erased again before anything else is done.
func (w *Wiring) open(ctx context.Context) error {
	if err := w.openCustody(ctx); err != nil {
		return err
	}
	if err := w.witness.open(); err != nil {
		return err
	}
	w.openTables()
	return w.openArchive()
}

func (w *Wiring) close() error {
	if err := w.answers.close(); err != nil {
		w.house.Log.Warn("the journal's tables were not closed in order; they are only a cache", "err", err)
	}
	return errors.Join(w.witness.close(), w.custody.close())
}

// findings returns what needs a person.
func (w *Wiring) findings(now time.Time) ([]wing.Finding, error) {
	found, err := w.witnessFindings(now)
	if err != nil {
		return nil, err
	}
	return append(found, w.archiveFindings(now)...), nil
}

// Mount answers other servers and applications. Checkpoints need no token, because only those
// that a known journal has signed are looked at; applications have tokens of their own.
func (w *Wiring) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET "+compliance.WitnessPath+"/card", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(w.Card()) //nolint:errchkjson // a client that is gone asks again
	})
	mux.Handle(compliance.WitnessPath+"/", w.witness)
	mux.Handle("POST /v1/audit", w.custody.ingest)
}

// records is the state as the core uses it; the house has none until the server leads.
type records struct{ house *wing.House }

// Append implements compliance.Records.
func (r records) Append(ctx context.Context, entries ...journal.Entry) (uint64, error) {
	return r.house.State.Append(ctx, entries...)
}

// Get implements compliance.Records.
func (r records) Get(key string, v any) (bool, error) { return r.house.State.Get(key, v) }
