package journal

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sort"
)

// Head returns the size and tree head of what is durable.
func (j *Journal) Head() Head {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return Head{Size: j.head.size, Root: j.head.root.String()}
}

// Read returns up to n records from index from on; fewer at the end of the log.
func (j *Journal) Read(from uint64, n int) ([]Record, error) {
	if n <= 0 {
		return nil, nil
	}
	var out []Record
	err := j.payloads(from, from+uint64(n), func(index uint64, payload []byte) error {
		r, err := decode(index, slices.Clip(payload))
		if err != nil {
			return &DamageError{j.dir, index, Replaced, "it is not an entry: " + err.Error()}
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

// readStep is the number of entries that are read from the disk at once.
const readStep = 16 * sparse

// payloads visits the canonical bytes of the durable entries from the index from on, below to.
func (j *Journal) payloads(from, to uint64, visit func(index uint64, payload []byte) error) error {
	for from < to {
		x, ok := j.find(from, min(to, from+readStep))
		if !ok {
			return nil
		}
		b := make([]byte, x.stop-x.start)
		if err := j.files.read(x, b); err != nil {
			return fmt.Errorf("read journal %s, entries %d to %d: %w", j.dir, from, from+uint64(x.count)-1, err)
		}
		if err := x.visit(j.dir, b, visit); err != nil {
			return err
		}
		from += uint64(x.count)
	}
	return nil
}

// find returns where entries stand, as far as they are in one segment.
func (j *Journal) find(from, to uint64) (span, bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if to = min(to, j.head.size); from >= to {
		return span{}, false
	}
	i := sort.Search(len(j.segments), func(i int) bool { return j.segments[i].next() > from })
	return j.segments[i].span(from, to), true
}

// visit checks and visits the span's entries in the bytes that were read for it.
func (x span) visit(dir string, b []byte, visit func(uint64, []byte) error) error {
	for i := range x.skip + x.count {
		frame, rest, err := splitFrame(b)
		index := x.first + uint64(max(0, i-x.skip)) //nolint:gosec // not negative
		var payload []byte
		if err == nil && i >= x.skip {
			payload, err = payloadOf(frame)
		}
		if err != nil {
			return &DamageError{dir, index, BitRot, "its bytes do not match their checksum"}
		}
		b = rest
		if i < x.skip {
			continue
		}
		if err := visit(index, payload); err != nil {
			return err
		}
	}
	return nil
}

// Wait returns the size once it is above size.
func (j *Journal) Wait(ctx context.Context, size uint64) (uint64, error) {
	for {
		j.mu.RLock()
		now, grown := j.head.size, j.grown
		j.mu.RUnlock()
		if now > size {
			return now, nil
		}
		select {
		case <-grown:
		case <-j.stopped:
			return now, j.closedErr()
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}

// Follow yields every record from index from on, in order, and then each new one
// as it becomes durable, until ctx ends.
func (j *Journal) Follow(ctx context.Context, from uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for {
			records, err := j.Read(from, sparse)
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
				from++
			}
			if len(records) > 0 {
				continue
			}
			if _, err := j.Wait(ctx, from); err != nil {
				yield(Record{}, err)
				return
			}
		}
	}
}
