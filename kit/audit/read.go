package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// spooled is one event in the spool, with the place behind it.
type spooled struct {
	event Event
	raw   []byte // as it is sent
	next  place
}

// read returns events from the first that is not acknowledged on: at most n, and about
// most bytes. Damaged bytes are set aside. end is the place behind what was read.
func (s *spool) read(n, most int) (out []spooled, end place, err error) {
	s.mu.Lock()
	end = s.first
	s.mu.Unlock()
	for size := 0; len(out) < n && size < most; {
		s.mu.Lock()
		stop, newest := s.ends[end.segment], s.newest
		s.mu.Unlock()
		if end.at >= stop {
			if end.segment >= newest {
				return out, end, nil
			}
			end = place{segment: end.segment + 1} // one that is not there has no bytes
			continue
		}
		b, err := s.bytes(end, min(stop-end.at, int64(most-size)+maxFrame+frameHeader))
		if err != nil {
			return nil, end, err
		}
		whole := end.at+int64(len(b)) == stop
		for len(b) > 0 && len(out) < n && size < most {
			f := readFrame(b)
			if f.payload == nil && f.size == len(b) && !whole { // a frame may go on behind the piece that was read
				if f.size -= maxFrame + frameHeader; f.size <= 0 {
					break
				}
			}
			at := end
			end.at += int64(f.size)
			e, ok := decodeEvent(f.payload)
			if !ok {
				if err := s.setAside(at, b[:f.size]); err != nil {
					return nil, at, err
				}
			} else {
				out, size = append(out, spooled{e, f.payload, end}), size+len(f.payload)
			}
			b = b[f.size:]
		}
	}
	return out, end, nil
}

func decodeEvent(payload []byte) (e Event, ok bool) {
	return e, payload != nil && json.Unmarshal(payload, &e) == nil
}

func (s *spool) bytes(p place, n int64) ([]byte, error) {
	f, err := os.Open(s.path(p.segment))
	if err != nil {
		return nil, fmt.Errorf("read audit spool: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	b := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(f, p.at, n), b); err != nil {
		return nil, fmt.Errorf("read audit spool: %s at byte %d: %w", f.Name(), p.at, err)
	}
	return b, nil
}

// setAside keeps bytes that are no event any more, once, so that the rest can go on.
func (s *spool) setAside(p place, b []byte) error {
	path := filepath.Join(s.dir, damagedDir, fmt.Sprintf("%016d-%d", p.segment, p.at))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("audit spool: set damage aside: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if os.IsExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("audit spool: set damage aside: %w", err)
	}
	defer f.Close() //nolint:errcheck // synced before
	if _, err := f.Write(b); err != nil {
		return fmt.Errorf("audit spool: set damage aside: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("audit spool: set damage aside: %w", err)
	}
	s.mu.Lock()
	s.damaged++
	s.mu.Unlock()
	s.log.Error("part of the audit spool is damaged, and was set aside; events in it are lost unless it can be repaired by hand",
		"segment", s.path(p.segment), "at", p.at, "bytes", len(b), "kept", path)
	return nil
}
