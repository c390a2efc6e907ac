package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// ErrNotLeader is returned by Append where another server decides what the log holds.
// Nothing was recorded.
var ErrNotLeader = errors.New("this server does not lead: another one decides what the journal holds")

// Group is entries that are decided together, as they stand in the log. Several servers
// that hold one log pass it on in groups: see [Options.Decide] and [Journal.Accept].
type Group struct {
	First  uint64     // index of its first entry
	Count  int        // entries
	Root   tiles.Hash // of the log with the group at its end; zero: not known
	Stamp  time.Time  // the newest time that the log has stamped
	Frames []byte
}

// Next is the index of the entry behind the group.
func (g Group) Next() uint64 { return g.First + uint64(g.Count) } //nolint:gosec // not negative

const (
	groupMagic  = "fn grp\x01\x00"
	groupHeader = 8 + 8 + 4 + 32 + 8
)

// Encode returns the group's bytes: [magic][first u64][count u32][root 32][stamp i64 ns]
// [frames], little endian.
func (g Group) Encode() []byte {
	b := make([]byte, 0, groupHeader+len(g.Frames))
	b = append(b, groupMagic...)
	b = binary.LittleEndian.AppendUint64(b, g.First)
	b = binary.LittleEndian.AppendUint32(b, uint32(g.Count)) //nolint:gosec // bounded by the frames
	b = append(b, g.Root[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(g.Stamp.UnixNano())) //nolint:gosec // and back again
	return append(b, g.Frames...)
}

// ParseGroup reads what [Group.Encode] wrote. The frames' checksums are checked by
// [Journal.Accept].
func ParseGroup(b []byte) (Group, error) {
	if len(b) < groupHeader || string(b[:8]) != groupMagic {
		return Group{}, errors.New("read a group of entries: these bytes are not a group")
	}
	g := Group{
		First: binary.LittleEndian.Uint64(b[8:]),
		Count: int(binary.LittleEndian.Uint32(b[16:])),
		Root:  tiles.Hash(b[20:52]),
		Stamp: time.Unix(0, int64(binary.LittleEndian.Uint64(b[52:]))).UTC(), //nolint:gosec // as it was written
	}
	g.Frames = b[groupHeader:]
	if g.Count == 0 || g.Count > len(g.Frames)/(frameHeader+1) || g.Next() < g.First {
		return Group{}, fmt.Errorf("read a group of entries: %d bytes cannot hold %d entries from %d on", len(g.Frames), g.Count, g.First)
	}
	return g, nil
}

// Accept appends groups that another server has decided, next to each other. It
// refuses a gap with an error, and a group that makes another log than the one it was
// decided for with a [DamageError], after which the journal takes nothing more.
func (j *Journal) Accept(ctx context.Context, groups ...Group) error {
	r := &request{done: make(chan struct{}), decided: true}
	for i, g := range groups {
		if i > 0 && g.First != groups[i-1].Next() {
			return fmt.Errorf("accept entries: a group ends before %d and the next begins with %d", groups[i-1].Next(), g.First)
		}
		rest := g.Frames
		for range g.Count {
			payload, behind, err := nextFrame(rest)
			if err != nil {
				return fmt.Errorf("accept entries from %d on: %w: it was damaged in transit", g.First, err)
			}
			r.sizes = append(r.sizes, int32(frameHeader+len(payload))) //nolint:gosec // bounded by MaxEntryBytes
			rest = behind
		}
		if len(rest) > 0 {
			return fmt.Errorf("accept entries from %d on: %d bytes stand behind its %d entries", g.First, len(rest), g.Count)
		}
		r.frames = append(r.frames, g.Frames...)
		r.root, r.stamp = g.Root, g.Stamp
	}
	if len(groups) == 0 {
		return nil
	}
	r.first = groups[0].First
	_, err := j.submit(ctx, r)
	return err
}

// accept puts a decided request behind the log.
func (j *Journal) accept(r *request) error {
	c := &j.committer
	frontier := c.frontier
	if r.first != frontier.Size() {
		return fmt.Errorf("accept entries: they begin with %d, the journal holds %d", r.first, frontier.Size())
	}
	for frames := r.frames; len(frames) > 0; {
		payload, rest, err := nextFrame(frames)
		if err != nil {
			return err
		}
		frontier.Add(tiles.Leaf(payload))
		frames = rest
	}
	if r.root != (tiles.Hash{}) && frontier.Root() != r.root {
		return j.poison(&DamageError{j.dir, r.first, Forked, fmt.Sprintf("with %d entries the log decided has the root %.16s…, this one %.16s…", frontier.Size(), r.root, frontier.Root())})
	}
	s, err := j.room()
	if err != nil {
		return err
	}
	if r.stamp.Before(c.stamp) {
		r.stamp = c.stamp
	}
	c.buf, c.sizes = append(c.buf[:0], r.frames...), append(c.sizes[:0], r.sizes...)
	return j.persist(s, frontier, r.stamp)
}

// Groups reads the durable entries from one index on, below another, as groups of about maxBytes,
// for a server that lacks them. Their roots are not known: the group behind them tells.
func (j *Journal) Groups(ctx context.Context, from, to uint64, maxBytes int, yield func(Group) error) error {
	j.mu.RLock()
	head := j.head
	j.mu.RUnlock()
	g := Group{First: from, Stamp: head.stamp}
	err := j.payloads(from, min(to, head.size), func(_ uint64, payload []byte) error {
		start := len(g.Frames)
		g.Frames = append(append(g.Frames, make([]byte, frameHeader)...), payload...)
		seal(g.Frames[start:])
		g.Count++
		if len(g.Frames) < maxBytes {
			return nil
		}
		full := g
		g = Group{First: full.Next(), Stamp: head.stamp}
		if err := ctx.Err(); err != nil {
			return err
		}
		return yield(full)
	})
	if err == nil && g.Count > 0 {
		err = yield(g)
	}
	return err
}
