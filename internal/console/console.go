package console

import (
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"
)

// Options is what a console needs. All fields but Version are required.
type Options struct {
	Source  Source
	Actions Source
	Logger  *slog.Logger
	Now     func() time.Time // the clock pages are dated with, UTC or not
	Version string           // of the binary, shown in the sidebar
}

// console serves the pages; it holds nothing that a request could change.
type console struct {
	source  Source
	actions Source
	log     *slog.Logger
	now     func() time.Time
	version string

	screens map[string]screen // by name
	trouble *template.Template
	assets  fs.FS
}

// New returns the console's handler, to be mounted at "/" behind authentication.
// The templates are part of the binary: a template that does not parse is a
// programmer's error and panics here, at start.
func New(o Options) http.Handler {
	c := &console{
		source: o.Source, actions: o.Actions, log: o.Logger, now: o.Now, version: o.Version,
		screens: screens(), trouble: parseScreen(parseBase(), "problem"), assets: assets(),
	}
	mux := http.NewServeMux()
	for _, s := range c.screens {
		mux.Handle("GET "+s.pattern, c.screenHandler(s))
	}
	mux.HandleFunc("GET /events", c.events)
	mux.HandleFunc("GET /palette", c.palette)
	mux.HandleFunc("GET /journal/{index}/proof", c.proof)
	mux.Handle("GET /static/", http.StripPrefix("/static/", staticHandler(c.assets)))
	c.verbs(mux)
	mux.HandleFunc("/", c.nothingHere)
	return secure(sameOrigin(c.crossOrigin, mux))
}

// nothingHere answers for every address that is no page.
func (c *console) nothingHere(w http.ResponseWriter, r *http.Request) {
	c.problem(w, r, &trouble{
		status: http.StatusNotFound, title: "There is no such page",
		err:  errors.New("nothing is served at " + r.URL.Path),
		todo: "Go to the overview, or press Ctrl-K to find a page by name.",
	})
}

// crossOrigin answers for a POST that did not come from this console's own pages.
func (c *console) crossOrigin(w http.ResponseWriter, r *http.Request) {
	c.problem(w, r, &trouble{
		status: http.StatusForbidden, title: "Refused: the request came from another site",
		err:  errors.New("the browser says that this form was not sent from a page of this console, so nothing was done"),
		todo: "Open the page in this console and press its button there.",
	})
}
