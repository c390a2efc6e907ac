package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/greenlang/fournines/internal/api"
)

// trouble is an error as a person reads it: what, why, and what to do.
type trouble struct {
	status int
	title  string
	err    error
	todo   string
}

func (t *trouble) Error() string { return t.title + ": " + t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// Title, Text and Todo are read by templates.
func (t *trouble) Title() string { return t.title }
func (t *trouble) Text() string  { return t.err.Error() }
func (t *trouble) Todo() string  { return t.todo }

// badRequest says which field of a form or address is wrong.
func badRequest(text, todo string) *trouble {
	return &trouble{status: http.StatusBadRequest, title: "That cannot be asked", err: errors.New(text), todo: todo}
}

// troubleOf words any error.
func troubleOf(err error) *trouble {
	if t, ok := errors.AsType[*trouble](err); ok {
		return t
	}
	t := &trouble{err: err}
	switch {
	case errors.Is(err, ErrNotFound):
		t.status, t.title = http.StatusNotFound, "Not found"
		t.todo = "Check the name or id; the lists show what there is."
	case errors.Is(err, ErrRefused):
		t.status, t.title = http.StatusConflict, "Refused: nothing was changed"
		t.todo = "Mend what the reason names, then ask again."
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		t.status, t.title = http.StatusGatewayTimeout, "No answer in time"
		t.todo = "Look at the journal before asking again: the request may have been taken."
	default:
		t.status, t.title = http.StatusInternalServerError, "That did not work"
		t.todo = "The journal says how far it came; the server's log has the whole error."
	}
	return t
}

// problem answers with a page that says only what went wrong. It is drawn without
// the source when that does not answer either.
func (c *console) problem(w http.ResponseWriter, r *http.Request, t *trouble) {
	if t.status >= http.StatusInternalServerError {
		c.log.ErrorContext(r.Context(), "answer request", "method", r.Method, "path", r.URL.Path, "err", t.err)
	}
	status, err := c.source.Status(r.Context())
	if err != nil {
		status = api.Status{Platform: "fournines"}
	}
	root := "layout"
	if r.Header.Get("HX-Request") == "true" {
		root = "problem-part"
	}
	c.write(w, r, c.trouble, root, t.status, view{
		Title: t.title, Version: c.version, Now: c.now().UTC(), Status: status,
		Problem: t, Form: url.Values{},
	})
}
