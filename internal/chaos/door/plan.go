package door

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
	"github.com/greenlang/fournines/internal/fact"
)

// maxFaultSeconds is the longest that a form may ask for.
const maxFaultSeconds = 600

// faultAsk is a fault as a form asks for it.
type faultAsk struct {
	Kind    fact.FaultKind
	Target  string
	Seconds int
	Reason  string
}

// Duration is how long the fault lasts.
func (a faultAsk) Duration() time.Duration { return time.Duration(a.Seconds) * time.Second }

// readFault checks a fault's form against what runs in a region.
func readFault(r api.Region, get func(string) string) (faultAsk, error) {
	kind, ok := kindNamed(get("kind"))
	if !ok {
		return faultAsk{}, console.BadRequest(fmt.Sprintf("%q is not a kind of fault", get("kind")), "Choose one of the kinds in the list.")
	}
	a := faultAsk{Kind: kind, Target: get("target"), Reason: strings.TrimSpace(get("reason"))}
	if len(targeted(r, a)) == 0 {
		return a, console.BadRequest(noTarget(r, a), "Choose a target that fits the kind.")
	}
	n, err := strconv.Atoi(get("seconds"))
	if err != nil || n < 1 || n > maxFaultSeconds {
		return a, console.BadRequest(fmt.Sprintf("a fault cannot last %q seconds", get("seconds")), fmt.Sprintf("Give whole seconds from 1 to %d; it ends by itself after them.", maxFaultSeconds))
	}
	a.Seconds = n
	return a, console.CheckReason(a.Reason)
}

// noTarget says why a kind of fault cannot hit a target.
func noTarget(r api.Region, a faultAsk) string {
	switch {
	case a.Target == "":
		return "no target is chosen"
	case a.Kind.OfRegion():
		return fmt.Sprintf("%s hits a region, and %q is not %s, nor its links to one other such as %s:OTHER", a.Kind.Name, a.Target, r.Name, r.Name)
	case a.Kind.Reach == reachZone:
		return fmt.Sprintf("%s hits a whole zone, and %q is no zone that runs in %s", a.Kind.Name, a.Target, r.Name)
	case a.Kind.Engine != "":
		return fmt.Sprintf("%s hits only %s, and %q is none in %s", a.Kind.Name, a.Kind.Engine, a.Target, r.Name)
	default:
		return fmt.Sprintf("%s hits one component, and %q is none in %s", a.Kind.Name, a.Target, r.Name)
	}
}

// targeted are the components a fault hits.
func targeted(r api.Region, a faultAsk) []api.Component {
	var hit []api.Component
	for _, c := range r.Components {
		switch a.Kind.Reach {
		case reachRegion:
			if a.Target == r.Name {
				hit = append(hit, c)
			}
		case reachLinks: // nothing dies; the edge is what no longer reaches the others
			if c.Kind == "edge" && slices.Contains(linksOf(r, a.Target), a.Target) {
				hit = append(hit, c)
			}
		case reachZone:
			if c.Zone != "" && r.Name+"/"+c.Zone == a.Target {
				hit = append(hit, c)
			}
		default:
			if c.ID == a.Target && (a.Kind.Engine == "" || a.Kind.Engine == c.Kind) {
				hit = append(hit, c)
			}
		}
	}
	return hit
}

func injectCommand(kind, target string, d time.Duration, reason string) string {
	return fmt.Sprintf("fournines fault inject %s %s --for %s --reason %s", kind, target, d, console.Quote(reason))
}

// planFault says what a fault would do to a region as it is now.
func planFault(r api.Region, a faultAsk) console.Plan {
	hit := targeted(r, a)
	p := console.Plan{
		Command: injectCommand(a.Kind.Name, a.Target, a.Duration(), a.Reason),
		Does:    a.Kind.Does,
		Blast:   []string{fmt.Sprintf("%s of %d in %s: %s.", console.Many(len(hit), "component", "components"), len(r.Components), r.Name, kindsOf(hit))},
		Verifies: []string{
			"The journal holds the intent before anything is hit, and the fault counts as active only once its node has reported it.",
			fmt.Sprintf("It ends by itself after %s, even if the server and this console are gone by then.", console.Span(a.Duration())),
			"Sync and health of each component hit stay on this page; one that does not come back becomes a finding.",
		},
	}
	for _, cluster := range clustersOf(hit) {
		blast, warning := clusterBlast(r, cluster, hit)
		p.Blast = append(p.Blast, blast)
		if warning != "" {
			p.Warnings = append(p.Warnings, warning)
		}
	}
	if a.Kind.Drill != "" {
		p.Verifies = append(p.Verifies, fmt.Sprintf("Lost writes and the write gap are not measured here: the drill %s does the same under load and measures both.", a.Kind.Drill))
	}
	return p
}

// clusterBlast says what losing the components hit means for one cluster, and why
// that may be worse than usual now.
func clusterBlast(r api.Region, kind string, hit []api.Component) (blast, warning string) {
	all, left, leader := 0, 0, ""
	for _, c := range r.Components {
		if c.Kind != kind {
			continue
		}
		struck := slices.ContainsFunc(hit, func(h api.Component) bool { return h.ID == c.ID })
		all++
		if !struck && c.Health == api.Healthy {
			left++
		}
		if struck && c.Leads() {
			leader = c.Role
		}
	}
	name := r.Name + "/" + kind
	blast = fmt.Sprintf("%s: %d of %d stay healthy", name, left, all)
	if leader == "" {
		blast += "."
	} else {
		blast += fmt.Sprintf(", and it loses its %s: what needs one waits until another leads.", leader)
		warning = notReady(r, name)
	}
	if votes(kind) && left <= all/2 {
		warning = fmt.Sprintf("%s would have no majority: %d of %d left.", name, left, all)
	}
	return blast, warning
}

// notReady is why a cluster could not fail over now, if it could not.
func notReady(r api.Region, cluster string) string {
	for _, ready := range r.Readiness {
		if ready.Cluster == cluster && !ready.Ready {
			return fmt.Sprintf("%s could not fail over right now: %s", cluster, strings.Join(ready.Reasons, " "))
		}
	}
	return ""
}

// votes says whether a kind of component needs a majority of itself.
func votes(kind string) bool { return kind == "etcd" || kind == "sentinel" || kind == "kafka" }

// clustersOf are the kinds that have more than themselves to lose, in the order met.
func clustersOf(list []api.Component) []string {
	var kinds []string
	for _, c := range list {
		if c.Kind != "node" && c.Kind != "server" && !slices.Contains(kinds, c.Kind) {
			kinds = append(kinds, c.Kind)
		}
	}
	return kinds
}

// kindsOf names kinds with their roles: postgres (primary), redis.
func kindsOf(list []api.Component) string {
	words := make([]string, 0, len(list))
	for _, c := range list {
		word := c.Kind
		if c.Role != "" {
			word += " (" + c.Role + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}
