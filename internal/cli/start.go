package cli

import (
	"fmt"
	"strings"
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

// idleFor is how long a start may go without anything that becomes well for the first time.
const idleFor = 5 * time.Minute

// advance is how far a start has come.
type advance struct {
	seen map[string]bool // steady lines that were ever there
	at   time.Time       // of the newest
}

// look takes another look, and returns what the start waits for once it does not get further.
// A copy of data is progress, however long it takes.
func (a *advance) look(s api.Status, err error, lines []verb.Line, now time.Time) *idleError {
	if a.seen == nil {
		a.seen, a.at = map[string]bool{}, now
	}
	for _, l := range lines {
		if l.Steady != "" && !a.seen[l.Steady] {
			a.seen[l.Steady], a.at = true, now
		}
	}
	for _, r := range s.Regions {
		for _, c := range r.Components {
			if strings.Contains(c.Detail, "creating replica") {
				a.at = now
			}
		}
	}
	if now.Sub(a.at) < idleFor {
		return nil
	}
	return &idleError{waits: waits(s, err), serves: err == nil && serves(s)}
}

// idleError means that a start does not get further.
type idleError struct {
	waits  []string
	serves bool // customers are served all the same
}

func (e *idleError) Error() string {
	return fmt.Sprintf("nothing has become ready for %v; it waits for:\n  %s", idleFor, strings.Join(e.waits, "\n  "))
}

// waits says what is not ready, and why.
func waits(s api.Status, err error) (out []string) {
	if err != nil {
		return []string{"a server that answers: " + err.Error()}
	}
	for _, v := range s.Servers {
		if v.Health != api.Healthy && !v.Elsewhere {
			out = append(out, fmt.Sprintf("%s is %s (%s)", v.Name, v.Health, v.Detail))
		}
	}
	running := 0
	for _, r := range s.Regions {
		if !r.Running {
			continue
		}
		running++
		out = append(out, r.Lacks()...)
	}
	if running == 0 {
		out = append(out, "a region that runs here")
	}
	return out
}

// serves tells whether every cluster of the regions that run here has a leader.
func serves(s api.Status) bool {
	running := 0
	for _, r := range s.Regions {
		if !r.Running {
			continue
		}
		running++
		for _, x := range r.Readiness {
			if x.Leader == "" {
				return false
			}
		}
	}
	return running > 0
}
