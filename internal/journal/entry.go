package journal

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// MaxEntryBytes bounds one entry's encoded size: what a bundle of tlog-tiles can hold.
const MaxEntryBytes = tiles.MaxEntry

// Entry is one thing that was done or seen. Kind is noun.verb in the past tense
// ("operation.begun"); Operation groups the entries of one operation, drill or fault.
// The index is not in an entry's bytes: its position in the log proves it.
type Entry struct {
	Index     uint64          `json:"index"`
	Time      time.Time       `json:"time"`
	Kind      string          `json:"kind"`
	Subject   string          `json:"subject,omitempty"`
	Operation string          `json:"operation,omitempty"`
	Actor     string          `json:"actor,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Trace     string          `json:"trace,omitempty"`    // OpenTelemetry trace id, 32 hexadecimal digits
	Approval  string          `json:"approval,omitempty"` // who said yes
	Data      json.RawMessage `json:"data,omitempty"`
}

// New returns an entry whose Data is v as JSON; v may be nil. Where the kind is known,
// [KindOf.Entry] also checks v's type.
func New(kind, subject, operation string, v any) (Entry, error) {
	e := Entry{Kind: kind, Subject: subject, Operation: operation}
	if v == nil {
		return e, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return Entry{}, fmt.Errorf("encode %s entry: %w", kind, err)
	}
	e.Data = b
	return e, nil
}

// Decode reads the entry's Data into v.
func (e Entry) Decode(v any) error {
	if err := json.Unmarshal(e.Data, v); err != nil {
		return fmt.Errorf("decode entry %d (%s): %w", e.Index, e.Kind, err)
	}
	return nil
}

// Record is an entry as it stands in the log: with its exact bytes and leaf hash.
type Record struct {
	Entry
	Bytes []byte // canonical JSON, what Hash covers
	Hash  []byte // RFC 6962 leaf hash of Bytes
}

func decode(index uint64, b []byte) (Record, error) {
	h := tiles.Leaf(b)
	r := Record{Bytes: b, Hash: h[:]}
	if err := json.Unmarshal(b, &r.Entry); err != nil {
		return Record{}, fmt.Errorf("entry %d: %w", index, err)
	}
	r.Index = index
	return r, nil
}
