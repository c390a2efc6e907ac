package ingest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// How far back ids are remembered: 16 bytes on disk and about two in memory for each,
// and about 30 in memory for each of the newest runIDs.
const (
	Window  = 24 * time.Hour
	runIDs  = 1 << 19
	maxRuns = 192

	// slack is for entries whose own times are a little out of order.
	slack = time.Hour
)

// idHash is what the index knows an event's id by.
func idHash(application, tenant, id string) uint64 {
	sum := sha256.Sum256([]byte(application + "\x00" + tenant + "\x00" + id)) // none of them can have a zero byte
	return binary.BigEndian.Uint64(sum[:])
}

// seen is the index of the ids that were recorded: the newest ones in memory, those
// before in sorted files. The journal knows it all; this knows where in the journal.
type seen struct {
	dir  string
	size int // ids in a run
	f    durable.Files

	writing sync.Mutex // one run is written at a time

	mu    sync.RWMutex // guards what follows
	runs  []*run       // the oldest first, next to each other
	first uint64       // index from which on young has all
	young map[uint64]uint64
}

// openSeen reads the runs. One that is damaged, or not next to the one before it, is
// removed with those behind it: the journal has it all.
func openSeen(dir string, size int) (*seen, error) {
	s := &seen{dir: dir, size: size, f: durable.OS{}, young: map[uint64]uint64{}}
	if err := errors.Join(s.f.Make(dir), durable.Sweep(s.f, dir)); err != nil {
		return nil, fmt.Errorf("open ids of audit events: %w", err)
	}
	names, err := s.f.Names(dir) // sorted: the oldest first
	if err != nil {
		return nil, fmt.Errorf("open ids of audit events: %w", err)
	}
	broken := false
	for _, name := range names {
		if !strings.HasSuffix(name, runSuffix) {
			continue
		}
		path := filepath.Join(dir, name)
		r, err := openRun(path)
		if broken = broken || err != nil || (len(s.runs) > 0 && s.first != r.from); !broken {
			s.runs, s.first = append(s.runs, r), r.to
			continue
		}
		if r != nil && r.file != nil {
			_ = r.file.Close() // only read
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("open ids of audit events: %w", err)
		}
	}
	return s, nil
}

// drop removes the n oldest runs.
func (s *seen) drop(n int) {
	for _, r := range s.runs[:n] {
		_ = r.file.Close()    // only read
		_ = os.Remove(r.path) // removed at the next start otherwise
	}
	s.runs = s.runs[n:]
}

// find returns where the id may have been recorded.
func (s *seen) find(h uint64) (found []uint64, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if index, ok := s.young[h]; ok {
		found = append(found, index)
	}
	for _, v := range slices.Backward(s.runs) {
		if found, err = v.find(h, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// add notes what was recorded.
func (s *seen) add(pairs []pair) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range pairs {
		s.young[p.hash] = p.index
	}
}

// spill writes the newest ids into a run once there are enough. Everything below the
// index settled was added; what is above it stays in memory.
func (s *seen) spill(settled uint64, now time.Time) error {
	if !s.writing.TryLock() {
		return nil // another batch does it
	}
	defer s.writing.Unlock()
	s.mu.RLock()
	var pairs []pair
	if first := s.first; len(s.young) >= s.size && settled > first {
		for h, i := range s.young {
			if i < settled {
				pairs = append(pairs, pair{h, i})
			}
		}
	}
	s.mu.RUnlock()
	if len(pairs) < s.size {
		return nil
	}
	r, err := writeRun(s.f, s.dir, s.first, settled, now, pairs) // only spill changes first
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := map[uint64]uint64{}
	for h, i := range s.young {
		if i >= settled {
			rest[h] = i
		}
	}
	s.young, s.first, s.runs = rest, settled, append(s.runs, r)
	old := 0
	for old < len(s.runs)-1 && (len(s.runs)-old > maxRuns || now.Sub(s.runs[old].newest) > Window+slack) {
		old++
	}
	s.drop(old)
	return nil
}

func (s *seen) close() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.runs {
		_ = r.file.Close() // only read
	}
}

// count returns how many ids are in memory.
func (s *seen) count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.young)
}
