package console

import (
	"net/http"
	"net/url"
	"strings"
)

// unseal shows an entry with its personal data, in the answer itself: there is no address
// under which they could be opened again without a reason.
func (c *console) unseal(w http.ResponseWriter, r *http.Request) {
	key, reason := r.PostForm.Get("index"), strings.TrimSpace(r.PostForm.Get("reason"))
	index, err := readIndex("the index", key)
	if err == nil {
		err = checkReason(reason)
	}
	if err != nil {
		c.show(w, r, c.screens["entry"], key, nil, troubleOf(err))
		return
	}
	e, err := c.actions.UnsealEntry(r.Context(), index, reason)
	if err != nil {
		c.show(w, r, c.screens["entry"], key, nil, troubleOf(err))
		return
	}
	s := c.screens["entry"]
	v, err := c.view(r.Context(), s, key, url.Values{})
	if err != nil {
		c.problem(w, r, troubleOf(err))
		return
	}
	if sheet, ok := v.Data.(entrySheet); ok {
		sheet.Entry, sheet.Data, sheet.Open = e, indent(e.Data), true
		v.Data = sheet
	}
	c.write(w, r, s.tmpl, "layout", http.StatusOK, v)
}
