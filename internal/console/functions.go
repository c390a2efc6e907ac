package console

import (
	"fmt"
	"html/template"
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// functions are the words templates know.
func functions() template.FuncMap {
	return template.FuncMap{
		"ago": ago, "clock": clock, "took": took, "seconds": Seconds, "count": count,
		"ratio": Ratio, "share": Share, "below": api.Below, "measure": measure, "plain": plain, "short": short, "many": Many,
		"segments": Segments, "icon": icon, "shape": shapes, "rfc3339": rfc3339, "stamp": stamp,
		"sync": syncMark, "health": healthMark, "state": stateMark, "severity": severityMark,
		"inSync": inSync, "healthy": healthy, "entry": entryLink, "entries": entriesLink,
		"timeline": timeline, "waiting": waiting, "regionMark": regionMark, "path": lifecycle,
		"minus": minus, "scale": scale,
		"offset": offset, "sentence": Sentence, "currentStep": currentStep,
		"metOf": metOf, "home": home, "minusOne": minusOne,
		"lag": lagWords, "objects": objectWords, "distance": distanceWords, "proofs": proofs, "interval": interval, "amount": amount, "figureName": figureName,
	}
}

func minus(a, b int) int { return a - b }

func minusOne(index uint64) uint64 { return index - 1 }

// metOf counts the objectives met: 4 of 5.
func metOf(list []api.Objective) string {
	met := 0
	for _, o := range list {
		if o.Met {
			met++
		}
	}
	return fmt.Sprintf("%d of %d", met, len(list))
}

func scale(share, whole float64) float64 { return share * whole }

func offset(at, by float64) float64 { return at + by }

// currentStep names the step that runs, for the line beside the pips.
func currentStep(steps []api.Step) string {
	for i, s := range steps {
		if s.State == "running" {
			return fmt.Sprintf("%s, %d of %d", plain(s.Name), i+1, len(steps))
		}
	}
	return ""
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// stamp is a moment: relative where it is read, exact on hover and for programs.
func stamp(now, t time.Time) template.HTML {
	if t.IsZero() {
		return `<span class="quiet">–</span>`
	}
	exact := t.UTC().Format(time.RFC3339)
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`, exact, exact, clock(now, t)))
}

// entryLink leads from a figure to the journal entry behind it. Index 0 means that
// the shape has no index here, and there is no link.
func entryLink(index uint64) template.HTML {
	if index == 0 {
		return ""
	}
	return template.HTML(fmt.Sprintf(`<a class="entry" href="/journal/%d"><span class="unseen">journal entry </span>#%s</a>`, index, count(index)))
}

// entriesLink leads to a range of entries, both ends included.
func entriesLink(first, last uint64) template.HTML {
	if last == 0 {
		return ""
	}
	return template.HTML(fmt.Sprintf(`<a class="entry" href="/journal?from=%d&amp;before=%d"><span class="unseen">journal entries </span>#%s–%s</a>`,
		first, last+1, count(first), count(last)))
}

// inSync and healthy count one axis each of a region's components.
func inSync(list []api.Component) int {
	n := 0
	for _, c := range list {
		if c.Sync == api.InSync {
			n++
		}
	}
	return n
}

func healthy(list []api.Component) int {
	n := 0
	for _, c := range list {
		if c.Health == api.Healthy {
			n++
		}
	}
	return n
}

// regionMark is the health of a region that runs here, by its worst components:
// "1 missing" says that one of them is, not the region.
func regionMark(r api.Region) mark {
	if !r.Running {
		return mark{"declared", "ring", "mute"}
	}
	worst, n := api.Healthy, 0
	for _, c := range r.Components {
		switch {
		case badness(c.Health) > badness(worst):
			worst, n = c.Health, 1
		case c.Health == worst:
			n++
		}
	}
	m := healthMark(worst)
	if worst != api.Healthy {
		m.Word = fmt.Sprintf("%d %s", n, m.Word)
	}
	return m
}

// home is the region that the keys g r lead to: the first that runs here, or
// else the first.
func home(regions []api.Region) string {
	for _, r := range regions {
		if r.Running {
			return r.Name
		}
	}
	if len(regions) == 0 {
		return ""
	}
	return regions[0].Name
}

// badness orders healths from good to bad; an unknown component is worse than one that is
// held on purpose, and better than one that is known to be broken.
func badness(h api.Health) int {
	switch h {
	case api.Healthy:
		return 0
	case api.Suspended:
		return 1
	case api.Progressing:
		return 2
	case api.Degraded:
		return 4
	case api.Missing:
		return 5
	default:
		return 3
	}
}

// waiting says that an operation needs a person's decision.
func waiting(o api.Operation) bool { return o.State == "waiting-approval" }
