package console

import (
	"strings"

	"github.com/greenlang/fournines/internal/api"
)

// navEntry is an entry of the navigation as the layout shows it.
type navEntry struct {
	Nav
	Address string
	Current bool
	Count   int // of what runs now
}

// nav is the navigation around a page of a section.
func (c *console) nav(section string, s api.Status) []navEntry {
	var out []navEntry
	for _, p := range c.ranked {
		if p.Nav == nil {
			continue
		}
		e := navEntry{Nav: *p.Nav, Address: strings.TrimSuffix(p.Pattern, "{$}"), Current: p.Section == section}
		if e.Running != nil {
			e.Count = e.Running(s)
		}
		out = append(out, e)
	}
	return out
}
