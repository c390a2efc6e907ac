package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/greenlang/fournines/internal/api"
)

// Trouble is an error as a person reads it: what, why, and what to do.
type Trouble struct {
	status int
	title  string
	err    error
	todo   string
}

func (t *Trouble) Error() string { return t.title + ": " + t.err.Error() }
func (t *Trouble) Unwrap() error { return t.err }

// Title, Text and Todo are read by templates.
func (t *Trouble) Title() string { return t.title }
func (t *Trouble) Text() string  { return t.err.Error() }
func (t *Trouble) Todo() string  { return t.todo }

// BadRequest says which field of a form or address is wrong.
func BadRequest(text, todo string) *Trouble {
	return &Trouble{status: http.StatusBadRequest, title: "That cannot be asked", err: errors.New(text), todo: todo}
}

// TroubleOf words any error.
func TroubleOf(err error) *Trouble {
	if t, ok := errors.AsType[*Trouble](err); ok {
		return t
	}
	t := &Trouble{err: err}
	_, none := errors.AsType[*api.NoneOfError](err)
	switch {
	case none:
		t.status, t.title = http.StatusBadRequest, "That cannot be asked"
		t.todo = "Choose one that there is; the lists show them."
	case errors.Is(err, api.ErrNotFound):
		t.status, t.title = http.StatusNotFound, "Not found"
		t.todo = "Check the name or id; the lists show what there is."
	case errors.Is(err, api.ErrRefused):
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
func (c *console) problem(w http.ResponseWriter, r *http.Request, t *Trouble) {
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
		Title: t.title, Version: c.version, Now: c.now().UTC(), Status: status, Nav: c.nav("", status),
		Problem: t, Form: url.Values{},
	})
}
