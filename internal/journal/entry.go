package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
)

// MaxEntryBytes bounds one entry's encoded size.
const MaxEntryBytes = 64 << 10

// Entry is one thing that was done or seen. Kind is noun.verb in the past tense
// ("operation.begun"); Operation groups the entries of one operation, drill or fault.
type Entry struct {
	Index     uint64          `json:"index"`
	Time      time.Time       `json:"time"`
	Kind      string          `json:"kind"`
	Subject   string          `json:"subject,omitempty"`
	Operation string          `json:"operation,omitempty"`
	Actor     string          `json:"actor,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
}

// New returns an entry whose Data is v as JSON; v may be nil.
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

var errNoKind = errors.New("entry has no kind")

func encode(e Entry) ([]byte, error) {
	if e.Kind == "" {
		return nil, errNoKind
	}
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode %s entry: %w", e.Kind, err)
	}
	if len(b) > MaxEntryBytes {
		return nil, fmt.Errorf("entry %s about %q has %d bytes, the bound is %d: put the bulk into a file and its hash into the entry",
			e.Kind, e.Subject, len(b), MaxEntryBytes)
	}
	return b, nil
}

func decode(b []byte) (Record, error) {
	r := Record{Bytes: b, Hash: rfc6962.DefaultHasher.HashLeaf(b)}
	if err := json.Unmarshal(b, &r.Entry); err != nil {
		return Record{}, err
	}
	return r, nil
}
