package witness

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// collection gathers the cosignatures of the last few checkpoints: witnesses differ in
// speed, and a checkpoint is worth more the more have signed the same one.
type collection struct {
	keep  func(signed []byte, witnesses int) error
	watch watch

	mu     sync.Mutex
	recent []*cosigned // oldest first
	size   uint64      // of the checkpoint last handed out
	count  int         // its cosignatures
}

type cosigned struct {
	Checkpoint
	lines []string
}

// maxRecent checkpoints are still collected for.
const maxRecent = 16

func newCollection(keep func([]byte, int) error) *collection { return &collection{keep: keep} }

// begin makes room for a checkpoint.
func (s *collection) begin(c Checkpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent = append(s.recent, &cosigned{Checkpoint: c})
	if len(s.recent) > maxRecent {
		s.recent = s.recent[1:]
	}
}

// add takes a verified line and hands the checkpoint out when that is progress.
func (s *collection) add(c Checkpoint, line string, now time.Time) *Alarm {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.recent {
		if r.Text != c.Text {
			continue
		}
		r.lines = append(r.lines, line)
		if r.Size < s.size && len(r.lines) <= s.count {
			return nil
		}
		return s.handOut(r, now)
	}
	return nil // too old by now: newer ones are being collected
}

func (s *collection) handOut(r *cosigned, now time.Time) *Alarm {
	s.size, s.count = r.Size, len(r.lines)
	if s.keep == nil {
		return nil
	}
	err := s.keep([]byte(string(r.Signed)+strings.Join(r.lines, "")), len(r.lines))
	if err != nil {
		err = fmt.Errorf("keep the cosigned checkpoint of size %d: %w", r.Size, err)
	}
	return s.watch.observe(Unkept, err, now)
}
