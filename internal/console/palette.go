package console

import (
	"net/http"
)

// palette lists every page and verb, for the dialog that finds them by name: all pages, then
// all verbs, then what runs now.
func (c *console) palette(w http.ResponseWriter, r *http.Request) {
	status, err := c.source.Status(r.Context())
	if err != nil {
		c.problem(w, r, TroubleOf(err))
		return
	}
	var all []Link
	for _, p := range c.ranked {
		if p.Palette == nil {
			continue
		}
		links, err := p.Palette(r.Context(), status)
		if err != nil {
			c.problem(w, r, TroubleOf(err))
			return
		}
		all = append(all, links...)
	}
	var list []Link
	for _, group := range []string{GoTo, Do, Running} {
		for _, l := range all {
			if l.Group == group {
				list = append(list, l)
			}
		}
	}
	c.write(w, r, c.trouble, "palette", http.StatusOK, view{Data: list, Now: c.now().UTC(), Status: status})
}
