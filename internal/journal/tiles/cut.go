package tiles

import (
	"context"
	"errors"
	"io/fs"
)

// Cut is a log of Size entries whose partial tiles were not all written by themselves:
// one that is not there is cut from the newest.
type Cut struct {
	Source
	Size uint64
}

// Read implements [Source].
func (c Cut) Read(ctx context.Context, path string) ([]byte, error) {
	b, err := c.Source.Read(ctx, path)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	p, perr := Parse(path)
	if perr != nil {
		return nil, err
	}
	newest, ok := At(p.Level, p.N, c.Size)
	if !ok || newest.Width <= p.Width {
		return nil, err
	}
	return serveOne(ctx, c.Source, newest, p.Width)
}
