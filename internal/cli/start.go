package cli

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
)

// mark is a health in one character and its word, so that colour is never needed.
func mark(h api.Health) string {
	switch h {
	case api.Healthy:
		return "✔"
	case api.Progressing:
		return "…"
	case api.Missing, api.Degraded:
		return "✘"
	case api.Suspended:
		return "‖"
	}
	return "·"
}

// startLines draws the components of the regions that run, zone by zone.
func startLines(s api.Status, err error, took time.Duration) []verb.Line {
	head := fmt.Sprintf("starting  %.0f s", took.Seconds())
	if err != nil {
		return []verb.Line{{Text: head + "  server", Steady: "server starting"}}
	}
	lines := []verb.Line{{Text: head + "  server ✔", Steady: "server is up"}}
	for _, r := range s.Regions {
		if !r.Running {
			continue
		}
		zones := map[string][]api.Component{}
		for _, c := range r.Components {
			zones[c.Zone] = append(zones[c.Zone], c)
		}
		for _, z := range append([]string{""}, r.Zones...) {
			lines = append(lines, zoneLine(r.Name, z, zones[z]))
		}
		for _, x := range r.Readiness {
			if x.Ready {
				lines = append(lines, verb.Line{Text: "  " + x.Cluster + " could fail over", Steady: x.Cluster + " is ready to fail over"})
			} else if len(x.Reasons) > 0 && !x.Alone {
				lines = append(lines, verb.Line{Text: "  " + x.Cluster + ": " + x.Reasons[0]})
			}
		}
	}
	return lines
}

func zoneLine(region, zone string, components []api.Component) verb.Line {
	name := region
	if zone != "" {
		name += "/" + zone
	}
	text, whole := fmt.Sprintf("  %-14s", name), len(components) > 0
	for _, c := range components {
		word := c.Kind
		if c.Role != "" && c.Health == api.Healthy {
			word += " (" + c.Role + ")"
		}
		text += fmt.Sprintf("  %s %s", mark(c.Health), word)
		whole = whole && c.Health == api.Healthy
	}
	l := verb.Line{Text: text}
	if whole {
		l.Steady = name + " is healthy"
	}
	return l
}
