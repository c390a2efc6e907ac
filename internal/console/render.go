package console

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// view is what every template gets, whole page and live part alike.
type view struct {
	Title   string
	Section string
	Version string
	Now     time.Time
	Key     string
	Status  api.Status
	Stream  string // address of the page's event stream, empty for a still page
	Nav     []navEntry
	Panels  map[string]any // data of the panels that other doors bring, by name
	Problem *Trouble       // what went wrong with the verb just asked for
	Form    url.Values     // what was typed, when a form is shown again
	Data    any            // what the page's loader answered
}

// parseBase parses what all pages share.
func parseBase() *template.Template {
	return template.Must(template.New("base").Funcs(functions()).
		ParseFS(embedded, "templates/layout.html", "templates/shared.html"))
}

// parsePage adds the templates of one page to a copy of the shared ones.
func parsePage(base *template.Template, files fs.FS, name string) *template.Template {
	return template.Must(template.Must(base.Clone()).ParseFS(files, "templates/"+name+".html"))
}

// view loads a page, and what other doors bring for it.
func (c *console) view(ctx context.Context, p mounted, key string, query url.Values) (view, error) {
	status, err := c.source.Status(ctx)
	if err != nil {
		return view{}, fmt.Errorf("read status: %w", err)
	}
	now := c.now().UTC()
	asked := Ask{Key: key, Query: query, Now: now, Status: status}
	sheet, err := p.Load(ctx, asked)
	if err != nil {
		return view{}, err
	}
	panels := map[string]any{}
	for _, panel := range p.panels {
		if panels[panel.Name], err = panel.Load(ctx, asked); err != nil {
			return view{}, err
		}
	}
	return view{
		Title: sheet.Title, Section: p.Section, Version: c.version, Now: now, Key: key, Nav: c.nav(p.Section, status),
		Status: status, Stream: streamAddress(p.Name, key, query), Data: sheet.Data, Panels: panels,
	}, nil
}

// pageHandler serves a page, or only the part made for a page already open, if
// the page has one.
func (c *console) pageHandler(p mounted) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.show(w, r, p, r.PathValue("key"), r.URL.Query(), nil)
	})
}

// show draws a page. With a problem, it is the answer to a verb that failed: the
// page it was asked from, with what went wrong above and what was typed kept.
func (c *console) show(w http.ResponseWriter, r *http.Request, p mounted, key string, query url.Values, problem *Trouble) {
	v, err := c.view(r.Context(), p, key, query)
	if err != nil {
		if problem == nil {
			problem = TroubleOf(err)
		}
		c.problem(w, r, problem)
		return
	}
	status := http.StatusOK
	if problem != nil {
		v.Problem, v.Form, status = problem, r.PostForm, problem.status
	}
	root := "layout"
	if alone := p.Name + "-part"; r.Header.Get("HX-Request") == "true" && p.tmpl.Lookup(alone) != nil {
		root = alone
	}
	c.write(w, r, p.tmpl, root, status, v)
}

// write renders before it answers, so that a failure is a whole error page and
// never half a page.
func (c *console) write(w http.ResponseWriter, r *http.Request, t *template.Template, root string, status int, v view) {
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, root, v); err != nil {
		c.log.ErrorContext(r.Context(), "render page", "path", r.URL.Path, "err", err)
		http.Error(w, "This page could not be drawn. The server's log says why; the API and the command line still work.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the reader left; there is nobody to tell
}

// streamAddress is where a page's parts are sent from as they change.
func streamAddress(page, key string, query url.Values) string {
	q := url.Values{}
	maps.Copy(q, query)
	q.Set("page", page)
	if key != "" {
		q.Set("key", key)
	}
	return "/events?" + q.Encode()
}
