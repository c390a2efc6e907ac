package journal

import (
	"errors"
	"fmt"
)

// commit is the one writer: it gathers what has been asked meanwhile, writes and
// syncs it at once, and then answers everybody.
func (j *Journal) commit() {
	defer close(j.stopped)
	for first := range j.requests {
		group, closing := j.gather(first)
		if err := j.write(group); err != nil {
			for _, r := range group {
				if r.err == nil {
					r.err = err
				}
			}
		}
		failed := j.poisoned()
		for _, r := range group {
			close(r.done)
		}
		if closing || failed {
			return
		}
	}
}

func (j *Journal) poisoned() bool {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.failed != nil && !errors.Is(j.failed, errClosing)
}

func (j *Journal) gather(first *request) (group []*request, closing bool) {
	n := 0
	for r := first; ; {
		if r == nil {
			return group, true
		}
		group = append(group, r)
		if n += len(r.entries); n >= maxGroup {
			return group, false
		}
		select {
		case r = <-j.requests:
		default:
			return group, false
		}
	}
}

// write puts the group behind the log. A request whose entries cannot be encoded
// fails alone; a failed write is cut off again and fails the group.
func (j *Journal) write(group []*request) error {
	var (
		buf     []byte
		offsets []int64
		hashes  [][]byte
	)
	next := j.head.Size // only this goroutine changes it
	for _, r := range group {
		frames, starts, leaves, err := j.encodeAll(r.entries, next, j.end+int64(len(buf)))
		if err != nil {
			r.err = err
			continue
		}
		r.first = next
		next += uint64(len(r.entries))
		buf, offsets, hashes = append(buf, frames...), append(offsets, starts...), append(hashes, leaves...)
	}
	if len(buf) == 0 {
		return nil
	}
	if _, err := j.file.WriteAt(buf, j.end); err != nil {
		return j.undo(fmt.Errorf("write journal: %w", err))
	}
	if err := j.file.Sync(); err != nil {
		return j.poison(fmt.Errorf("sync journal: %w", err))
	}
	return j.publish(offsets, hashes, int64(len(buf)))
}

func (j *Journal) encodeAll(entries []Entry, index uint64, offset int64) (buf []byte, offsets []int64, hashes [][]byte, err error) {
	for i, e := range entries {
		e.Index = index + uint64(i)
		if e.Time.IsZero() {
			e.Time = j.now()
		}
		e.Time = e.Time.UTC().Round(0)
		b, err := encode(e)
		if err != nil {
			return nil, nil, nil, err
		}
		r, err := decode(b)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("encode %s entry: %w", e.Kind, err)
		}
		offsets = append(offsets, offset+int64(len(buf)))
		hashes = append(hashes, r.Hash)
		buf = appendFrame(buf, b)
	}
	return buf, offsets, hashes, nil
}

func (j *Journal) publish(offsets []int64, hashes [][]byte, n int64) error {
	for _, h := range hashes {
		if err := j.tree.add(h); err != nil {
			return j.poison(err)
		}
	}
	head, err := j.tree.head()
	if err != nil {
		return j.poison(err)
	}
	j.mu.Lock()
	j.offsets = append(j.offsets, offsets...)
	j.end += n
	j.head = head
	close(j.grown)
	j.grown = make(chan struct{})
	j.mu.Unlock()
	// Entries are durable already; a head that cannot be written only weakens the
	// check for a log cut short, so it must not turn an acknowledgement into an error.
	_ = writeHead(j.dir, head)
	return nil
}

// undo takes a half-written group back, so that the next one starts clean.
func (j *Journal) undo(cause error) error {
	if err := j.file.Truncate(j.end); err != nil {
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
