package audit

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// load finds the segments, cuts the newest one's torn tail, and begins behind what was sent.
func (s *spool) load() error {
	segments, err := s.segments()
	if err != nil {
		return err
	}
	for _, n := range segments {
		info, err := os.Stat(s.path(n))
		if err != nil {
			return err
		}
		s.ends[n] = info.Size()
	}
	if len(segments) > 0 {
		s.newest = segments[len(segments)-1]
		if err := s.cutTail(); err != nil {
			return err
		}
	}
	if s.sent, err = os.OpenFile(filepath.Join(s.dir, sentFile), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	s.first = place{segment: 1}
	if len(segments) > 0 {
		s.first.segment = segments[0]
	}
	p, ok := s.readSent()
	if ok && p.segment >= s.first.segment && p.at <= s.ends[p.segment] {
		s.first = p
	}
	return s.begin(max(s.newest, p.segment) + 1) // a number is used once, whatever was removed
}

func (s *spool) segments() ([]uint64, error) {
	list, err := os.ReadDir(s.dir)
	var out []uint64
	for _, e := range list {
		if name, ok := strings.CutSuffix(e.Name(), spoolSuffix); ok {
			if n, err := strconv.ParseUint(name, 10, 63); err == nil && n > 0 {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out, err
}

// cutTail cuts what a killed process had begun to write, and Record had not accepted.
func (s *spool) cutTail() error {
	b, err := os.ReadFile(s.path(s.newest))
	if err != nil {
		return err
	}
	for at := 0; at < len(b); {
		f := readFrame(b[at:])
		if f.torn {
			s.ends[s.newest] = int64(at)
			return os.Truncate(s.path(s.newest), int64(at))
		}
		at += f.size
	}
	return nil
}

// begin makes a new segment for what is appended from now on.
func (s *spool) begin(n uint64) error {
	f, err := os.OpenFile(s.path(n), os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		return errors.Join(err, f.Close())
	}
	if s.file != nil {
		err = s.file.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file, s.newest, s.ends[n] = f, n, 0
	return err
}
