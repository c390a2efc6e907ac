package tiles

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
)

// Handler serves a log as https://c2sp.org/tlog-tiles says. checkpoint returns the
// newest one with its size; no tile beyond it is served, because it may still change.
func Handler(src Source, checkpoint func() ([]byte, uint64)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /checkpoint", func(w http.ResponseWriter, _ *http.Request) {
		b, _ := checkpoint()
		w.Header().Set("Cache-Control", "no-cache")
		send(w, "text/plain; charset=utf-8", b)
	})
	mux.HandleFunc("GET /tile/", func(w http.ResponseWriter, r *http.Request) {
		path, err := Parse(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, size := checkpoint()
		newest, ok := At(path.Level, path.N, size)
		if !ok || path.Width > newest.Width {
			http.Error(w, path.String()+" is beyond the checkpoint", http.StatusNotFound)
			return
		}
		b, err := serve(r.Context(), src, path, newest)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			http.Error(w, path.String()+" is not there", http.StatusNotFound)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			send(w, "application/octet-stream", b)
		}
	})
	return mux
}

// serve reads a tile or bundle. A partial one that was never written by itself is cut
// from the newest.
func serve(ctx context.Context, src Source, p, newest Path) ([]byte, error) {
	b, err := serveOne(ctx, src, p, p.Width)
	if errors.Is(err, fs.ErrNotExist) && newest.Width > p.Width {
		return serveOne(ctx, src, newest, p.Width)
	}
	return b, err
}

func serveOne(ctx context.Context, src Source, p Path, width int) ([]byte, error) {
	if p.Level != Entries {
		hashes, err := ReadTile(ctx, src, p)
		if err != nil {
			return nil, err
		}
		return AppendTile(make([]byte, 0, width*len(Hash{})), hashes[:width]), nil
	}
	b, err := ReadBundle(ctx, src, p)
	if err != nil {
		return nil, err
	}
	_, rest, err := SplitBundle(b, width)
	if err != nil {
		return nil, err
	}
	return b[:len(b)-len(rest)], nil
}

func send(w http.ResponseWriter, kind string, b []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // a client that is gone needs no answer
}
