package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// committer is what only the committing goroutine touches.
type committer struct {
	file     *os.File // of the newest segment
	headFile *os.File
	frontier tiles.Frontier
	stamp    time.Time // the newest time that was stamped
	group    []*request
	buf      []byte
	sizes    []int32
	back     bool // the clock is behind stamp, and that was said
	torn     bool // the last write of the head failed, perhaps in the middle

	waiting *request // of a group of its own, the next
}

// A group shares one write and one sync; these bound it.
const (
	maxGroup      = 4096 // requests
	maxGroupBytes = 8 << 20

	// maxDecided bounds what is decided at once in bytes: etcd takes 1.5 MiB unless it is
	// told otherwise. One request may be larger.
	maxDecided = 1 << 20
)

// commit is the one writer: it gathers what has been asked meanwhile, writes and
// syncs it at once, and then answers everybody.
func (j *Journal) commit() {
	defer close(j.stopped)
	for {
		first := j.committer.waiting
		if first == nil {
			first = <-j.requests
		}
		closing := j.gather(first)
		err := j.write()
		for _, r := range j.committer.group {
			r.err = err
			close(r.done)
		}
		if j.poisoned() {
			return
		}
		if closing {
			if j.committer.torn {
				j.remember() // nobody comes after us to write it over
			}
			return
		}
	}
}

func (j *Journal) poisoned() bool {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.failed != nil && !errors.Is(j.failed, errClosing)
}

func (j *Journal) gather(first *request) (closing bool) {
	c, most := &j.committer, maxGroupBytes
	if j.o.Decide != nil {
		most = maxDecided
	}
	c.group, c.waiting = c.group[:0], nil
	for r, n := first, 0; ; {
		if r == nil {
			return true
		}
		if len(c.group) > 0 && (r.decided || j.o.Decide != nil && n+len(r.frames) > most) {
			c.waiting = r
			return false
		}
		c.group = append(c.group, r)
		if n += len(r.frames); n >= most || len(c.group) >= maxGroup || r.decided {
			return false
		}
		select {
		case r = <-j.requests:
		default:
			return false
		}
	}
}

// write puts the group behind the log. A failed write is cut off again and fails the group.
func (j *Journal) write() error {
	c := &j.committer
	if len(c.group) == 1 && c.group[0].decided {
		return j.accept(c.group[0])
	}
	frontier, now := c.frontier, j.stampTime()
	next := frontier.Size()
	c.buf, c.sizes = c.buf[:0], c.sizes[:0]
	for _, r := range c.group {
		r.first = next + uint64(len(c.sizes))
		frames := r.frames
		for i, n := range r.sizes {
			if !r.timed[i] {
				stampTime(frames[frameHeader:n], now)
			}
			seal(frames[:n])
			frontier.Add(tiles.Leaf(frames[frameHeader:n]))
			frames = frames[n:]
		}
		c.buf, c.sizes = append(c.buf, r.frames...), append(c.sizes, r.sizes...)
	}
	if len(c.sizes) == 0 {
		return nil
	}
	s, err := j.room()
	if err != nil {
		return err
	}
	if j.o.Decide != nil {
		g := Group{First: next, Count: len(c.sizes), Root: frontier.Root(), Stamp: now, Frames: c.buf}
		switch err := j.o.Decide(g); {
		case errors.Is(err, ErrNotLeader):
			return err
		case err != nil:
			return j.poison(fmt.Errorf("journal %s: whether %d entries from %d on are recorded is not known: %w; start the server again, which looks", j.dir, g.Count, g.First, err))
		}
	}
	return j.persist(s, frontier, now)
}

// persist writes and syncs what the committer has gathered. A decided group must be
// written: when the disk refuses it, the journal accepts nothing more, and reads the group
// from the other servers at its next start.
func (j *Journal) persist(s *segment, frontier tiles.Frontier, stamp time.Time) error {
	c := &j.committer
	if err := j.o.disk.writeAt(c.file, c.buf, s.end); err != nil {
		err = j.undo(s, err)
		if j.o.Decide != nil {
			err = j.poison(fmt.Errorf("%w; it is decided all the same: start the server again when the disk takes writes", err))
		}
		return err
	}
	if err := j.o.disk.datasync(c.file); err != nil {
		return j.poison(fmt.Errorf("journal %s: sync: %w; nothing more is accepted: restart the server: it checks the disk when it starts", j.dir, err))
	}
	c.frontier, c.stamp = frontier, stamp
	j.acknowledge(s)
	return nil
}

// stampTime is the time of the next group: never before an earlier one, whatever the clock says.
func (j *Journal) stampTime() time.Time {
	c, now := &j.committer, j.o.Now().UTC().Round(0)
	back := now.Before(c.stamp)
	if behind := c.stamp.Sub(now); back && !c.back && behind > time.Second {
		j.o.Log.Warn("the clock was set back; the journal stamps its last time until the clock has passed it", "dir", j.dir, "behind", behind)
		c.back = true
	}
	if back {
		return c.stamp
	}
	c.back = false
	return now
}

// room returns the segment that takes the group, a new one when the newest is full.
func (j *Journal) room() (*segment, error) {
	c := &j.committer
	s := j.segments[len(j.segments)-1] // only this goroutine changes the list
	if s.end < j.o.SegmentBytes {
		return s, nil
	}
	next := &segment{dir: j.dir, first: s.next()}
	f, err := j.o.disk.create(next.path(), os.O_RDWR)
	if err == nil {
		err = j.o.disk.syncPath(filepath.Join(j.dir, logDir))
	}
	if err != nil {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
		return nil, fmt.Errorf("journal %s: begin a segment: %w; nothing was written, repeat it when there is room", j.dir, err)
	}
	if err := j.o.disk.write(s.indexPath(), encodeIndex(s)); err != nil {
		j.o.Log.Warn("a sparse index could not be written; the next start makes it again", "path", s.indexPath(), "err", err)
	}
	if err := c.file.Close(); err != nil {
		j.o.Log.Warn("a sealed segment could not be closed", "path", s.path(), "err", err)
	}
	c.file = f
	j.mu.Lock()
	defer j.mu.Unlock()
	j.segments = append(j.segments, next)
	return next, nil
}

// acknowledge makes a durable group visible to readers.
func (j *Journal) acknowledge(s *segment) {
	c := &j.committer
	head := acknowledged{c.frontier.Size(), c.frontier.Root(), c.stamp}
	j.mu.Lock()
	s.grow(c.sizes)
	j.head = head
	close(j.grown)
	j.grown = make(chan struct{})
	j.mu.Unlock()
	j.remember()
}

// remember writes the head over the one before. Entries are durable already; a head that
// cannot be written only weakens the check for a log cut short, so it must not turn an
// acknowledgement into an error. The next group writes it again.
func (j *Journal) remember() {
	c := &j.committer
	err := j.o.disk.writeAt(c.headFile, j.head.encode(), 0) // only this goroutine changes it
	if c.torn = err != nil; c.torn {
		j.o.Log.Warn("the head could not be written; a log cut short would be noticed only up to the last checkpoint", "dir", j.dir, "err", err)
	}
}

// undo takes a half-written group back, so that the next one starts clean.
func (j *Journal) undo(s *segment, cause error) error {
	cause = fmt.Errorf("journal %s: write: %w; nothing was recorded, repeat it when the disk takes writes again", j.dir, cause)
	if err := j.committer.file.Truncate(s.end); err != nil {
		return j.poison(errors.Join(cause, err))
	}
	return cause
}

func (j *Journal) poison(err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failed = err
	return err
}
