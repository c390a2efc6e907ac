package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// writers is how many objects are put at once.
const writers = 8

// Manifest lists the objects of a part. It depends on the part and on the store's
// version ids alone, so that a part that is carried again has the same one.
type Manifest struct {
	First      uint64   `json:"first"`
	Next       uint64   `json:"next"`
	Part       Object   `json:"part"`
	Checkpoint Object   `json:"checkpoint"`
	Tiles      []Object `json:"tiles"`
}

// carry puts a part and proves it. It may be repeated.
func (a *Archiver) carry(ctx context.Context, s Store, b Begun) (Stored, error) {
	began := a.o.Now()
	c, err := load(a.o.Log, a.o.Tree, b)
	if err != nil {
		return Stored{}, err
	}
	m := Manifest{First: b.First, Next: b.Next}
	if m.Tiles, err = c.putTiles(ctx, s); err != nil {
		return Stored{}, err
	}
	if m.Part, err = a.putPart(ctx, s, c); err != nil {
		return Stored{}, err
	}
	if m.Checkpoint, err = put(ctx, s, CheckpointKey(b.Next), c.checkpoint, b.RetainUntil); err != nil {
		return Stored{}, err
	}
	out := Stored{Begun: b, Part: m.Part, Checkpoint: m.Checkpoint, Tiles: len(m.Tiles)}
	for i := range m.Tiles {
		out.TileBytes += m.Tiles[i].Size
	}
	text, err := m.encode()
	if err != nil {
		return Stored{}, err
	}
	if out.Manifest, err = put(ctx, s, ManifestKey(b.First, b.Next), text, b.RetainUntil); err != nil {
		return Stored{}, err
	}
	out.Seconds = a.o.Now().Sub(began).Seconds()
	return out, nil
}

// encode leaves locks out: they may be extended, and the manifest is what it is.
func (m Manifest) encode() ([]byte, error) {
	m.Tiles = append([]Object{m.Part, m.Checkpoint}, m.Tiles...)
	for i := range m.Tiles {
		m.Tiles[i].Mode, m.Tiles[i].RetainUntil = "", time.Time{}
	}
	m.Part, m.Checkpoint, m.Tiles = m.Tiles[0], m.Tiles[1], m.Tiles[2:]
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode manifest of part %d to %d: %w", m.First, m.Next, err)
	}
	return append(b, '\n'), nil
}

// putTiles puts several objects at once; the order of the answer is that of the items.
func (c *outgoing) putTiles(ctx context.Context, s Store) ([]Object, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := make([]Object, len(c.items))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(writers, len(c.items)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(c.items) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				b, err := c.body(ctx, c.items[i])
				if err == nil {
					out[i], err = put(ctx, s, c.items[i].path.String(), b, c.RetainUntil)
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return out, context.Cause(ctx)
}

// putPart writes the table into a file that nobody else sees, and puts that.
func (a *Archiver) putPart(ctx context.Context, s Store, c *outgoing) (o Object, err error) {
	f, err := scratch(a.o.Spool)
	if err != nil {
		return o, fmt.Errorf("write part %d to %d: %w", c.First, c.Next, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if err := a.o.Write(io.MultiWriter(f, h), c.First, c.Next, c.rows()); err != nil {
		return o, fmt.Errorf("write part %d to %d: %w", c.First, c.Next, err)
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return o, fmt.Errorf("write part %d to %d: %w", c.First, c.Next, err)
	}
	want := Object{Key: PartKey(c.First, c.Next), Size: size, SHA256: hex.EncodeToString(h.Sum(nil)), RetainUntil: c.RetainUntil}
	o, err = putBody(ctx, s, want, f)
	if r, ok := s.(Reader); ok && errors.Is(err, ErrConflict) && a.o.Read != nil {
		if there, same := a.sameEntries(ctx, r, c); same {
			return there, nil
		}
	}
	return o, err
}

func put(ctx context.Context, s Store, key string, body []byte, until time.Time) (Object, error) {
	sum := sha256.Sum256(body)
	return putBody(ctx, s, Object{Key: key, Size: int64(len(body)), SHA256: hex.EncodeToString(sum[:]), RetainUntil: until}, bytes.NewReader(body))
}

// putBody puts an object and compares what the store was seen to hold with what it should.
func putBody(ctx context.Context, s Store, want Object, body io.ReadSeeker) (Object, error) {
	o, err := s.Put(ctx, want.Key, body, want.RetainUntil)
	if err != nil {
		return o, fmt.Errorf("archive %s: %w", want.Key, err)
	}
	switch {
	case o.Size != want.Size || o.SHA256 != want.SHA256:
		err = fmt.Errorf("it holds %d bytes with SHA-256 %s, %d bytes with %s were put", o.Size, o.SHA256, want.Size, want.SHA256)
	case o.Mode != Compliance || o.RetainUntil.Before(want.RetainUntil):
		err = fmt.Errorf("its lock is %q until %s, %s until %s was asked", o.Mode, o.RetainUntil.Format(time.RFC3339), Compliance, want.RetainUntil.Format(time.RFC3339))
	}
	if err != nil {
		return o, fmt.Errorf("archive %s: %w: %w", want.Key, ErrUnproved, err)
	}
	return o, nil
}
