package journal

import (
	"context"
	"os"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// cut cuts the log into leafTiles. Lengths are all it looks at, except behind what was
// acknowledged: there a frame that does not hold is a torn tail.
func (a *audit) cut(ctx context.Context, list []*segment, out chan<- *leafTile) error {
	least, next := max(a.c.Size, a.known.size), uint64(0)
	s := &leafTile{frames: make([][]byte, 0, tiles.Width)}
	for i, seg := range list {
		if seg.first != next {
			return a.gap(seg, next)
		}
		b, err := os.ReadFile(seg.path())
		if err != nil {
			return here(a.name, err)
		}
		for len(b) > 0 {
			frame, rest, err := splitFrame(b)
			if err == nil && next >= least {
				_, err = payloadOf(frame)
			}
			if err != nil && i == len(list)-1 {
				if err := judgeTail(a.name, next, least, b); err != nil {
					return err
				}
				break
			}
			if err != nil {
				return &DamageError{a.name, next, BitRot, "its bytes in " + seg.name(segmentExt) + " do not match their checksum"}
			}
			s.frames, b = append(s.frames, frame), rest
			if next++; next%tiles.Width > 0 {
				continue
			}
			if err := send(ctx, out, s); err != nil {
				return err
			}
			s = &leafTile{n: next / tiles.Width, frames: make([][]byte, 0, tiles.Width)}
		}
	}
	if len(list) == 0 {
		return &DamageError{a.name, 0, Missing, "no segment of the log is there"}
	}
	if len(s.frames) > 0 {
		if err := send(ctx, out, s); err != nil {
			return err
		}
	}
	return judgeTail(a.name, next, least, nil)
}

func (a *audit) gap(seg *segment, next uint64) error {
	if seg.first > next {
		return &DamageError{a.name, next, Missing, "the next segment that is there is " + seg.name(segmentExt)}
	}
	return &DamageError{a.name, seg.first, Replaced, "two segments hold it"}
}

// count delivers the leafTiles of a log that is read from its bundles.
func (a *audit) count(ctx context.Context, out chan<- *leafTile) error {
	for n := uint64(0); n*tiles.Width < a.c.Size; n++ {
		if err := send(ctx, out, &leafTile{n: n}); err != nil {
			return err
		}
	}
	return nil
}

func send(ctx context.Context, out chan<- *leafTile, s *leafTile) error {
	select {
	case out <- s:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
