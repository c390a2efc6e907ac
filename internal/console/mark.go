package console

import (
	"html/template"

	"github.com/greenlang/fournines/internal/api"
)

// mark is how a status is shown: a word, a shape, and a tone, in that order of
// importance. The shape tells as much as the tone, to who sees no colour.
type mark struct {
	Word  string
	Shape string // a name in shapes
	Tone  string // good, info, hold, warn, bad or mute: a class of console.css
}

// shapes are drawn in a box of 12 by 12; fill and stroke are the text's colour.
func shapes(name string) template.HTML {
	switch name {
	case "disc":
		return `<circle cx="6" cy="6" r="4.6"/>`
	case "half":
		return `<circle cx="6" cy="6" r="4.1" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="M6 1.9a4.1 4.1 0 0 1 0 8.2z"/>`
	case "pause":
		return `<path d="M2.5 1.5h2.6v9H2.5zM6.9 1.5h2.6v9H6.9z"/>`
	case "triangle":
		return `<path d="M6 .9 11.6 11H.4z"/>`
	case "cross":
		return `<path d="M2.2 2.2l7.6 7.6M9.8 2.2 2.2 9.8" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/>`
	case "slash":
		return `<circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M3 9 9 3" stroke="currentColor" stroke-width="1.5"/>`
	case "equal":
		return `<path d="M1.8 4.2h8.4M1.8 7.8h8.4" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/>`
	case "unequal":
		return `<path d="M1.8 4.2h8.4M1.8 7.8h8.4M8.4 1.2 3.6 10.8" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"/>`
	case "undo":
		return `<path d="M3 4.5h4.2a2.7 2.7 0 1 1 0 5.4H4M5 2 2.5 4.5 5 7" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/>`
	case "dash":
		return `<path d="M2.5 6h7" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/>`
	case "dot":
		return `<circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" stroke-width="1.4"/><circle cx="6" cy="6" r="1.7"/>`
	default:
		return `<circle cx="6" cy="6" r="4.3" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="2.2 2.3"/>`
	}
}

// icon is a shape on its own, hidden from screen readers: a word always stands beside it.
func icon(shape string) template.HTML {
	return `<svg class="icon" viewBox="0 0 12 12" aria-hidden="true" focusable="false">` + shapes(shape) + `</svg>`
}

// Chip is the mark as a template shows it.
func (m mark) Chip() template.HTML {
	return template.HTML(`<span class="chip `+m.Tone+`">`) + icon(m.Shape) +
		template.HTML(template.HTMLEscapeString(m.Word)+`</span>`)
}

func syncMark(s api.Sync) mark {
	switch s {
	case api.InSync:
		return mark{"in sync", "equal", "mute"}
	case api.OutOfSync:
		return mark{"out of sync", "unequal", "warn"}
	default:
		return mark{"sync unknown", "ring", "mute"}
	}
}

func healthMark(h api.Health) mark {
	switch h {
	case api.Healthy:
		return mark{"healthy", "disc", "good"}
	case api.Progressing:
		return mark{"progressing", "half", "info"}
	case api.Suspended:
		return mark{"suspended", "pause", "hold"}
	case api.Degraded:
		return mark{"degraded", "triangle", "warn"}
	case api.Missing:
		return mark{"missing", "cross", "bad"}
	default:
		return mark{"health unknown", "ring", "mute"}
	}
}

// stateMark is for operations, steps, drills and faults, whose words do not overlap.
func stateMark(state string) mark {
	switch state {
	case "succeeded", "pass":
		return mark{state, "disc", "good"}
	case "running", "injecting":
		return mark{state, "half", "info"}
	case "active":
		return mark{state, "triangle", "warn"}
	case "waiting-approval":
		return mark{"waits for approval", "pause", "hold"}
	case "failed", "fail":
		return mark{state, "cross", "bad"}
	case "refused":
		return mark{state, "slash", "warn"}
	case "rolled-back", "undone", "aborted":
		return mark{plain(state), "undo", "warn"}
	case "skipped", "ended":
		return mark{state, "dash", "mute"}
	case "requested":
		return mark{state, "dot", "mute"}
	default:
		return mark{plain(state), "ring", "mute"}
	}
}

func severityMark(severity string) mark {
	switch severity {
	case "critical":
		return mark{severity, "cross", "bad"}
	case "warning":
		return mark{severity, "triangle", "warn"}
	default:
		return mark{severity, "dot", "info"}
	}
}
