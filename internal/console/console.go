package console

import (
	"cmp"
	"context"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// Source is the data of the layout around every page.
type Source interface {
	// Status is the platform at a glance, with all declared regions.
	Status(ctx context.Context) (api.Status, error)
	api.Changes
}

// Options is what a console needs. All fields but Version are required.
type Options struct {
	Source  Source
	Pages   []Page // of every door
	Logger  *slog.Logger
	Now     func() time.Time // the clock pages are dated with, UTC or not
	Version string           // of the binary, shown in the sidebar
}

// console serves the pages; it holds nothing that a request could change.
type console struct {
	source  Source
	log     *slog.Logger
	now     func() time.Time
	version string

	pages   map[string]mounted // by name
	ranked  []Page             // in the order of the navigation
	trouble *template.Template
	assets  fs.FS
}

// New returns the console's handler, to be mounted at "/" behind authentication.
// The templates are part of the binary: a template that does not parse is a
// programmer's error and panics here, at start.
func New(o Options) http.Handler {
	c := &console{
		source: o.Source, log: o.Logger, now: o.Now, version: o.Version,
		pages: mount(o.Pages), trouble: parsePage(parseBase(), embedded, "problem"), assets: assets(),
	}
	c.ranked = slices.SortedStableFunc(slices.Values(o.Pages), func(a, b Page) int { return cmp.Compare(a.Rank, b.Rank) })
	mux := http.NewServeMux()
	for _, p := range c.pages {
		mux.Handle("GET "+p.Pattern, c.pageHandler(p))
		for pattern, h := range p.Raw {
			mux.HandleFunc(pattern, h)
		}
		for _, f := range p.Forms {
			mux.HandleFunc("POST "+f.Pattern, c.formHandler(f))
		}
	}
	mux.HandleFunc("GET /events", c.events)
	mux.HandleFunc("GET /palette", c.palette)
	mux.Handle("GET /static/", http.StripPrefix("/static/", staticHandler(c.assets)))
	mux.HandleFunc("/", c.nothingHere)
	return secure(sameOrigin(c.crossOrigin, mux))
}

// nothingHere answers for every address that is no page.
func (c *console) nothingHere(w http.ResponseWriter, r *http.Request) {
	c.problem(w, r, &Trouble{
		status: http.StatusNotFound, title: "There is no such page",
		err:  errors.New("nothing is served at " + r.URL.Path),
		todo: "Go to the overview, or press Ctrl-K to find a page by name.",
	})
}

// crossOrigin answers for a POST that did not come from this console's own pages.
func (c *console) crossOrigin(w http.ResponseWriter, r *http.Request) {
	c.problem(w, r, &Trouble{
		status: http.StatusForbidden, title: "Refused: the request came from another site",
		err:  errors.New("the browser says that this form was not sent from a page of this console, so nothing was done"),
		todo: "Open the page in this console and press its button there.",
	})
}
