package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxForm is the most bytes a form may have.
const maxForm = 64 << 10

// Form is a verb with an HTML form. When it fails, its page is shown again with the error and
// the typed values.
type Form struct {
	Pattern string                  // where it is posted to, for example /verbs/fault
	Page    string                  // name of the page that is shown again; empty: only what went wrong
	Key     func(url.Values) string // what that page is about; nil: nothing
	Asked   bool                    // that page is asked for with what was typed
	Long    bool                    // it may take longer than the server lets others
	Typed   func(url.Values) string // the word that must be typed again, because customers may feel it; nil: none
	Do      func(context.Context, url.Values) (Outcome, error)
}

// Outcome is the result of a form: an address where its progress is shown, or a page.
type Outcome struct {
	Address string
	Page    string        // name of the page that is drawn as the answer, where there is no address
	Key     string        // what it is about
	With    func(any) any // changes the page's data before
	Part    string        // template that is drawn alone for a page that is open already
}

// formHandler reads a form of bounded size, does what it asks for, and answers with a redirect
// to where its progress can be watched, or with a page.
func (c *console) formHandler(f Form) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			c.problem(w, r, BadRequest("the form cannot be read: "+err.Error(), "Go back and send it again."))
			return
		}
		if f.Long {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // who does it keeps the bound
		}
		if f.Typed != nil {
			if word := f.Typed(r.PostForm); strings.TrimSpace(r.PostForm.Get("typed")) != word {
				c.again(w, r, f, TroubleOf(BadRequest(fmt.Sprintf("%q is not typed, and customers may feel it", word), "Type "+word+", so that you do not mean another one by mistake.")))
				return
			}
		}
		done, err := f.Do(r.Context(), r.PostForm)
		switch {
		case err != nil:
			c.again(w, r, f, TroubleOf(err))
		case done.Address != "":
			http.Redirect(w, r, done.Address, http.StatusSeeOther) //nolint:gosec // a path of this console
		default:
			c.drawn(w, r, done)
		}
	}
}

// again shows the page that a form was sent from, with what went wrong.
func (c *console) again(w http.ResponseWriter, r *http.Request, f Form, t *Trouble) {
	p, ok := c.pages[f.Page]
	if !ok {
		c.problem(w, r, t)
		return
	}
	key, query := "", url.Values(nil)
	if f.Key != nil {
		key = f.Key(r.PostForm)
	}
	if f.Asked {
		query = r.PostForm
	}
	c.show(w, r, p, key, query, t)
}

// drawn answers with a page that shows what came of a form.
func (c *console) drawn(w http.ResponseWriter, r *http.Request, done Outcome) {
	p, ok := c.pages[done.Page]
	if !ok {
		c.problem(w, r, TroubleOf(fmt.Errorf("the outcome belongs on page %q, but no page has that name", done.Page)))
		return
	}
	v, err := c.view(r.Context(), p, done.Key, url.Values{})
	if err != nil {
		c.problem(w, r, TroubleOf(err))
		return
	}
	if done.With != nil {
		v.Data = done.With(v.Data)
	}
	root := "layout"
	if done.Part != "" && r.Header.Get("HX-Request") == "true" {
		root = done.Part
	}
	c.write(w, r, p.tmpl, root, http.StatusOK, v)
}
