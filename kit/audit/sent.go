package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

func (s *spool) readSent() (place, bool) {
	b := make([]byte, sentBytes)
	if n, _ := s.sent.ReadAt(b, 0); n != sentBytes || checksum(b[:8], b[8:16]) != binary.LittleEndian.Uint32(b[16:]) {
		return place{}, false
	}
	return place{binary.LittleEndian.Uint64(b), int64(binary.LittleEndian.Uint64(b[8:]))}, true //nolint:gosec // as it was written
}

// forget takes note that all before p is acknowledged. It is not synced: what is lost of
// it is sent again, and the server knows it.
func (s *spool) forget(p place) error {
	b := binary.LittleEndian.AppendUint64(nil, p.segment)
	b = binary.LittleEndian.AppendUint64(b, uint64(p.at)) //nolint:gosec // not negative
	b = binary.LittleEndian.AppendUint32(b, checksum(b[:8], b[8:16]))
	_, err := s.sent.WriteAt(b, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.ends {
		if n < p.segment {
			err = errors.Join(err, os.Remove(s.path(n)))
			delete(s.ends, n)
		}
	}
	s.first = p
	if err != nil {
		return fmt.Errorf("audit spool: %w", err)
	}
	return nil
}
