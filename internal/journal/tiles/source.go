package tiles

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Source is where a log is read from. Read returns an error that wraps [fs.ErrNotExist]
// when there is nothing at the path.
type Source interface {
	Read(ctx context.Context, path string) ([]byte, error)
}

// Dir is a log in a directory.
type Dir string

// Read implements [Source]. Proofs of old entries read a tile each: with the three system
// calls that it takes, and none for the poller, they cost half as much as with os.ReadFile.
func (d Dir) Read(_ context.Context, path string) ([]byte, error) {
	name := filepath.Join(string(d), filepath.FromSlash(path))
	fd, err := retried(func() (int, error) { return unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	b := make([]byte, 0, Width*len(Hash{})+1) // one more than a tile: a short read is its end
	for {
		n, err := retried(func() (int, error) { return unix.Read(fd, b[len(b):cap(b)]) })
		if err != nil {
			return nil, errors.Join(&fs.PathError{Op: "read", Path: name, Err: err}, unix.Close(fd))
		}
		b = b[:len(b)+n]
		if len(b) < cap(b) {
			return b, unix.Close(fd)
		}
		b = slices.Grow(b, len(b))
	}
}

// retried repeats a system call that a signal has interrupted.
func retried(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// maxFile bounds what is taken from a server: the largest bundle there can be.
const maxFile = Width * (2 + MaxEntry)

// URL is a log behind an HTTP server.
type URL struct {
	Base   string       // without the last slash
	Token  string       // bearer token; "": none
	Client *http.Client // nil: the default one
}

// Read implements [Source].
func (u URL) Read(ctx context.Context, path string) ([]byte, error) {
	address := strings.TrimSuffix(u.Base, "/") + "/" + path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	if u.Token != "" {
		req.Header.Set("Authorization", "Bearer "+u.Token)
	}
	client := u.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, fmt.Errorf("read log: GET %s: %s: %w", address, resp.Status, fs.ErrNotExist)
	default:
		return nil, fmt.Errorf("read log: GET %s: %s", address, resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read log: GET %s: %w", address, err)
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("read log: GET %s: more than %d bytes, which no tile has", address, maxFile)
	}
	return b, nil
}

// readPartial reads a file, for a partial one that is gone the full one. It returns the
// width of what it read.
func readPartial(ctx context.Context, src Source, p Path) ([]byte, int, error) {
	b, err := src.Read(ctx, p.String())
	if p.Width < Width && errors.Is(err, fs.ErrNotExist) {
		if full, fullErr := src.Read(ctx, p.full().String()); fullErr == nil {
			return full, Width, nil
		}
	}
	return b, p.Width, err
}
