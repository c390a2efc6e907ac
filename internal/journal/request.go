package journal

import (
	"time"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// request is one call of Append. The caller's goroutine has encoded everything but the
// times that the committer stamps, and the checksums over them.
type request struct {
	frames []byte
	sizes  []int32 // of each frame
	timed  []bool  // entries that came with a time of their own
	first  uint64
	err    error
	done   chan struct{}

	decided bool       // by another server: what follows is set, and first is where it belongs
	root    tiles.Hash // of the log with the request at its end; zero: not known
	stamp   time.Time  // the newest that was stamped
}

// request encodes entries into frames.
func (j *Journal) request(entries []Entry) (*request, error) {
	r := &request{sizes: make([]int32, len(entries)), timed: make([]bool, len(entries)), done: make(chan struct{})}
	n := 0
	for i := range entries {
		n += len(entries[i].Data) + len(entries[i].Reason) + 256
	}
	r.frames = make([]byte, 0, n)
	for i := range entries {
		if err := j.allowed(&entries[i]); err != nil {
			return nil, err
		}
		start := len(r.frames)
		frames, err := appendEntry(append(r.frames, make([]byte, frameHeader)...), &entries[i])
		if err != nil {
			return nil, err
		}
		r.frames, r.timed[i] = frames, !entries[i].Time.IsZero()
		r.sizes[i] = int32(len(frames) - start) //nolint:gosec // bounded by MaxEntryBytes
	}
	return r, nil
}
