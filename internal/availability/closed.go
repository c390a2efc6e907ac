package availability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Closed tells whether a primary lives and yet takes no new sessions, because it starts or ends, or
// no writes, for [blindAfter] and by the word of so many observers; and since when and why. It is no
// reason to fail over: what lives may have writes that nobody else has.
func Closed(probes []fact.Probe, target string, observers int, now time.Time) (since time.Time, why string, closed bool) {
	var who []string
	for _, p := range probes {
		begun, what := p.Barred, "It takes no write: "
		if p.Outcome == fact.Refuses && strings.Contains(p.Error, "SQLSTATE 57P03") {
			begun, what = p.Since, "It refuses every new session: "
		}
		if p.Target != target || begun.IsZero() || now.Sub(p.At) > freshMember || now.Sub(begun) < blindAfter {
			continue
		}
		if who = append(who, p.Observer); since.IsZero() || begun.Before(since) {
			since, why = begun, what+p.Error
		}
	}
	slices.Sort(who)
	return since, fmt.Sprintf("%s (told to %s)", why, strings.Join(who, ", ")), len(who) >= max(observers, 1)
}

// Shut degrades a primary that [Closed] is said of.
func (c *Component) Shut(probes []fact.Probe, observers int, now time.Time) {
	if _, why, closed := Closed(probes, c.ID, observers, now); closed && c.Role == "primary" && c.Health == Healthy {
		c.Health, c.Detail = Degraded, why
	}
}
