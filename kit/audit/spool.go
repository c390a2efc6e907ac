package audit

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// place is where a frame begins: in which segment, at which byte.
type place struct {
	segment uint64
	at      int64
}

// spool is the events on disk that the server has not acknowledged. One goroutine
// appends, one reads and forgets.
type spool struct {
	dir     string
	log     *slog.Logger
	lock    *os.File
	segment int64 // bytes at which a new one is begun

	file *os.File // of the newest segment; the appender's
	sent *os.File // the reader's

	mu      sync.Mutex       // guards what follows
	ends    map[uint64]int64 // bytes of each segment that are events
	newest  uint64
	first   place // the first that is not acknowledged
	damaged int   // stretches of bytes that were no events
}

const (
	spoolSuffix = ".spool"
	sentFile    = "sent"
	damagedDir  = "damaged"
	sentBytes   = 8 + 8 + 4
)

func openSpool(dir string, segment int64, log *slog.Logger) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open audit spool: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open audit spool: %w", err)
	}
	s := &spool{dir: dir, log: log, lock: lock, segment: segment, ends: map[uint64]int64{}}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("audit spool %s is in use by another process (%w); give each process a directory of its own", dir, err), lock.Close())
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open audit spool %s: %w", dir, err), s.close())
	}
	return s, nil
}

func (s *spool) path(segment uint64) string {
	return filepath.Join(s.dir, fmt.Sprintf("%016d%s", segment, spoolSuffix))
}

// append makes frames durable. After an error nothing of them is in the spool.
func (s *spool) append(frames []byte) error {
	s.mu.Lock()
	end := s.ends[s.newest]
	s.mu.Unlock()
	if end >= s.segment {
		if err := s.begin(s.newest + 1); err != nil {
			return fmt.Errorf("audit spool: begin a segment: %w", err)
		}
		end = 0
	}
	_, err := s.file.WriteAt(frames, end)
	if err == nil {
		err = syscall.Fdatasync(int(s.file.Fd()))
	}
	if err != nil {
		// What may be there is abandoned with its segment: after a failed sync nobody
		// knows what the disk holds behind end.
		err = errors.Join(fmt.Errorf("audit spool: %w", err), s.file.Truncate(end), s.begin(s.newest+1))
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[s.newest] = end + int64(len(frames))
	return nil
}

// pending returns how many bytes are not acknowledged.
func (s *spool) pending() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := -s.first.at
	for _, end := range s.ends {
		n += end
	}
	return n
}

func (s *spool) close() error {
	var err error
	for _, f := range []*os.File{s.file, s.sent, s.lock} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
