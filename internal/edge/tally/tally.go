package tally

import (
	"sync"
	"time"
)

// Kept is the number of finished seconds that can be read.
const Kept = 120

// Key is what requests are counted by.
type Key struct {
	Service string `json:"service"`
	Target  string `json:"target"`  // "" when no target was found
	Version string `json:"version"` // the target's X-Version
	Cell    int    `json:"cell"`    // -1 when the customer is unknown
}

// Row is what one second saw of one key.
type Row struct {
	Key
	Requests uint32 `json:"requests"`
	Failed   uint32 `json:"failed"`   // the client saw a 5xx or a broken answer
	Retried  uint32 `json:"retried"`  // tries beyond the first
	Local    uint32 `json:"local"`    // tries that never reached the target
	Upstream uint32 `json:"upstream"` // tries that failed at the target
	// Latency is of whole requests, retries included, in [Bound] buckets.
	Latency Histogram `json:"latency"`
}

// Second is one finished second.
type Second struct {
	Seq  uint64 `json:"seq"` // grows by one; begins at the Unix time of the start
	Rows []Row  `json:"rows"`
}

// Sample is one request that has ended.
type Sample struct {
	Key
	Failed                   bool
	Retried, Local, Upstream uint32
	Latency                  time.Duration
}

// Tally counts samples by second. It is safe for concurrent use.
type Tally struct {
	mu      sync.Mutex
	start   time.Time
	first   uint64
	current uint64 // Seq of the second that is being filled
	rows    map[Key]*Row
	done    []Second
}

// New returns an empty tally whose first second is numbered by start.
func New(start time.Time) *Tally {
	first := uint64(max(start.Unix(), 1))
	return &Tally{start: start, first: first, current: first, rows: map[Key]*Row{}}
}

// Add counts one sample in the second of now.
func (t *Tally) Add(s *Sample, now time.Time) {
	t.mu.Lock()
	t.turn(now)
	row := t.rows[s.Key]
	if row == nil {
		row = &Row{Key: s.Key}
		t.rows[s.Key] = row
	}
	row.Requests++
	if s.Failed {
		row.Failed++
	}
	row.Retried += s.Retried
	row.Local += s.Local
	row.Upstream += s.Upstream
	row.Latency.Add(s.Latency)
	t.mu.Unlock()
}

// Since returns the finished seconds with a number above seq, oldest first.
// The rows are shared with other readers and must not be changed.
func (t *Tally) Since(seq uint64, now time.Time) []Second {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn(now)
	for i := range t.done {
		if t.done[i].Seq > seq {
			return append([]Second(nil), t.done[i:]...)
		}
	}
	return nil
}

// turn closes the seconds before now. A clock that goes back stays in the
// present second.
func (t *Tally) turn(now time.Time) {
	second := t.first
	if gone := now.Sub(t.start); gone > 0 {
		second += uint64(gone / time.Second)
	}
	if second <= t.current {
		return
	}
	t.close()
	if second-t.current > Kept {
		t.current = second - Kept
	}
	for t.current < second {
		t.close()
	}
}

func (t *Tally) close() {
	rows := make([]Row, 0, len(t.rows))
	for _, row := range t.rows {
		rows = append(rows, *row)
	}
	clear(t.rows)
	t.done = append(t.done, Second{Seq: t.current, Rows: rows})
	if len(t.done) > Kept {
		t.done = append(t.done[:0:0], t.done[len(t.done)-Kept:]...)
	}
	t.current++
}
