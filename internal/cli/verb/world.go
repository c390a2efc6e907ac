package verb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/place"
)

// World is what every verb shares: the streams, and the flags of all commands.
type World struct {
	In       io.Reader
	Out, Err io.Writer
	Data     string // data directory of the installation
	Server   string // addresses of the API, separated by commas; empty: the installation's
	Output   string // table, wide, json, yaml or name
}

// Grouped is a verb with the place where it is found.
type Grouped struct {
	Group   string // of the help: run, see, act or declare; empty: below no heading
	Under   string // the verb that it belongs to, such as journal; empty: it is a verb of its own
	Command *cobra.Command
}

// Client returns a client of the servers that --server names, or of the installation's.
func (w *World) Client() (*client.Client, error) {
	addresses := strings.Split(w.Server, ",")
	for i, a := range addresses { // also as `up` prints it
		addresses[i] = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(a), "http://"), "/")
	}
	if w.Server == "" {
		_, layout, err := place.LoadInstallation(w.Data)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no platform runs from %s; start one with `fournines up`, or name a server with --server", w.Data)
		}
		if err != nil {
			return nil, err
		}
		addresses = layout.ServerListens()
	}
	token := os.Getenv("FOURNINES_TOKEN")
	if token == "" {
		s, err := place.LoadSecrets(w.Data)
		if err != nil {
			return nil, fmt.Errorf("%w; the server's token can also be given as FOURNINES_TOKEN", err)
		}
		token = s.Token
	}
	c := client.NewClient(token, addresses...)
	c.Actor = Actor()
	return c, nil
}

// Get reads one answer of the API.
func Get[T any](ctx context.Context, w *World, path string) (T, error) {
	var v T
	c, err := w.Client()
	if err != nil {
		return v, err
	}
	return v, c.Call(ctx, http.MethodGet, path, "", nil, &v)
}

// Note writes a line for people, to standard error.
func (w *World) Note(format string, args ...any) {
	_, _ = fmt.Fprintf(w.Err, format+"\n", args...) // nobody is left to tell
}

// Actor is the name of the user at the terminal, as far as this machine knows it.
func Actor() string {
	if name := os.Getenv("FOURNINES_ACTOR"); name != "" {
		return name
	}
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// Escape writes s as one segment of a path.
func Escape(s string) string { return url.PathEscape(s) }

// Query joins names and values of a URL's query, and leaves empty values out.
func Query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q.Encode()
}
