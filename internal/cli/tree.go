package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/greenlang/fournines/internal/api"
)

// tree shows lines that change: redrawn in place on a terminal, and in a pipe as one
// line for each change.
type tree struct {
	out   io.Writer
	live  bool
	drawn int
	seen  map[string]bool
	wide  int
}

func newTree(out io.Writer) *tree {
	t := &tree{out: out, seen: map[string]bool{}}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		t.live = true
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			t.wide = width
		}
	}
	return t
}

// line is one line with what a pipe shows of it: steady is free of times and counters.
type line struct{ text, steady string }

func (t *tree) draw(lines []line) {
	var b strings.Builder
	if t.live {
		if t.drawn > 0 {
			fmt.Fprintf(&b, "\x1b[%dA", t.drawn)
		}
		for _, l := range lines {
			fmt.Fprintf(&b, "\x1b[2K%s\n", cut(l.text, t.wide))
		}
		b.WriteString("\x1b[J")
		t.drawn = len(lines)
	} else {
		for _, l := range lines {
			if l.steady != "" && !t.seen[l.steady] {
				t.seen[l.steady] = true
				b.WriteString(l.steady + "\n")
			}
		}
	}
	_, _ = io.WriteString(t.out, b.String()) // nobody is left to tell
}

func cut(s string, width int) string {
	if r := []rune(s); width > 0 && len(r) >= width {
		return string(r[:width-1])
	}
	return s
}

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
func startLines(s api.Status, err error, took time.Duration) []line {
	head := fmt.Sprintf("starting  %.0f s", took.Seconds())
	if err != nil {
		return []line{{head + "  server", "server starting"}}
	}
	lines := []line{{head + "  server ✔", "server is up"}}
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
				lines = append(lines, line{"  " + x.Cluster + " could fail over", x.Cluster + " is ready to fail over"})
			} else if len(x.Reasons) > 0 && !x.Alone {
				lines = append(lines, line{text: "  " + x.Cluster + ": " + x.Reasons[0]})
			}
		}
	}
	return lines
}

func zoneLine(region, zone string, components []api.Component) line {
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
	l := line{text: text}
	if whole {
		l.steady = name + " is healthy"
	}
	return l
}
