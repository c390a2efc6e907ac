package audit

import (
	"encoding/json"
	"time"
)

// Event is one thing that somebody did, as an application tells it.
type Event struct {
	ID      string    `json:"id"`                // of the event; a repeat under the same ID is recorded once
	Time    time.Time `json:"time"`              // when it happened, by the application's clock
	Tenant  string    `json:"tenant"`            // whose data it concerns: what quotas count by
	Actor   string    `json:"actor"`             // who did it: an account's id, never a name or an address
	Action  string    `json:"action"`            // noun.verbed, such as customer.created
	Subject string    `json:"subject,omitempty"` // what it was done to
	Reason  string    `json:"reason,omitempty"`
	Trace   string    `json:"trace,omitempty"` // OpenTelemetry trace id, 32 lower-case hexadecimal digits
	// Data is a JSON object that everybody who reads the journal may see.
	Data json.RawMessage `json:"data,omitempty"`
	// Person is whose Personal it is, by an id of the application's.
	Person string `json:"person,omitempty"`
	// Personal is data of the person. It is sealed before it is recorded, and unreadable
	// for good once the person is erased.
	Personal map[string]string `json:"personal,omitempty"`
}

// Bounds on an event, in bytes where nothing else is said.
const (
	MaxID       = 100
	MaxTenant   = 64
	MaxActor    = 200
	MaxAction   = 100
	MaxSubject  = 256
	MaxReason   = 1024
	MaxData     = 16 << 10
	MaxPerson   = 256
	MaxPersonal = 4 << 10 // names and values together
	MaxFields   = 20      // of Personal
	MaxDepth    = 16      // of nesting in Data

	MaxBatch      = 1000    // events of one request
	MaxBatchBytes = 1 << 20 // of one request's body, inflated
)

// Batch is the body of a request.
type Batch struct {
	Events []Event `json:"events"`
}

// Answer is the body of the answer to a batch that was taken.
type Answer struct {
	Results []Result `json:"results"` // one for each event, in their order
	Head    Head     `json:"head"`    // of the journal, with these events in it
}

// Head is the journal's size and RFC 6962 tree head.
type Head struct {
	Size uint64 `json:"size"`
	Root string `json:"root"` // hexadecimal
}

// Result says what became of one event.
type Result struct {
	ID        string   `json:"id"`
	Index     uint64   `json:"index"`               // in the journal; only without Error
	Duplicate bool     `json:"duplicate,omitempty"` // it was recorded before, at Index
	Error     *Refusal `json:"error,omitempty"`
}

// Refusal is why one event of a batch that was taken is not recorded.
type Refusal struct {
	Status     int     `json:"status"` // 409: the ID belongs to another event; 429: over the tenant's quota
	Detail     string  `json:"detail"`
	RetryAfter float64 `json:"retry_after_seconds,omitempty"` // of a 429
}

// Problem is the answer to a batch of which nothing was recorded (RFC 9457).
type Problem struct {
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Errors []EventError `json:"errors,omitempty"` // the first 20 events that are not valid
}

// EventError says what is wrong with one event of a batch.
type EventError struct {
	Event int    `json:"event"` // index in the batch
	Field string `json:"field"`
	Why   string `json:"why"`
}
