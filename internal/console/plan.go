package console

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/fact"
)

// Bounds of what a form accepts.
const (
	maxFaultSeconds = 600
	maxReason       = 200 // characters
)

// plan is what a button will do, said before it can be pressed.
type plan struct {
	Command  string
	Does     string
	Blast    []string // what is hit, and what that means for each cluster now
	Verifies []string // what is observed before the outcome is believed
	Warnings []string // why it may go worse than usual just now
}

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
		return faultAsk{}, badRequest(fmt.Sprintf("%q is no kind of fault", get("kind")), "Choose one of the kinds in the list.")
	}
	a := faultAsk{Kind: kind, Target: get("target"), Reason: strings.TrimSpace(get("reason"))}
	if len(targeted(r, a)) == 0 {
		return a, badRequest(noTarget(r, a), "Choose a target that fits the kind.")
	}
	n, err := strconv.Atoi(get("seconds"))
	if err != nil || n < 1 || n > maxFaultSeconds {
		return a, badRequest(fmt.Sprintf("a fault cannot last %q seconds", get("seconds")), fmt.Sprintf("Give whole seconds from 1 to %d; it ends by itself after them.", maxFaultSeconds))
	}
	a.Seconds = n
	return a, checkReason(a.Reason)
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

// checkReason wants the words the journal will keep.
func checkReason(reason string) error {
	switch n := len([]rune(reason)); {
	case n == 0:
		return badRequest("no reason is given", "Say in a few words why; the journal keeps it.")
	case n > maxReason:
		return badRequest(fmt.Sprintf("the reason has %d characters", n), fmt.Sprintf("Keep it within %d.", maxReason))
	}
	return nil
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

// planFault says what a fault would do to a region as it is now.
func planFault(r api.Region, a faultAsk) plan {
	hit := targeted(r, a)
	p := plan{
		Command: injectCommand(a.Kind.Name, a.Target, a.Duration(), a.Reason),
		Does:    a.Kind.Does,
		Blast:   []string{fmt.Sprintf("%s of %d in %s: %s.", many(len(hit), "component", "components"), len(r.Components), r.Name, kindsOf(hit))},
		Verifies: []string{
			"The journal holds the intent before anything is hit, and the fault counts as active only once its node has reported it.",
			fmt.Sprintf("It ends by itself after %s, even if the server and this console are gone by then.", span(a.Duration())),
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
		if struck && leads(c.Role) {
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

// leads says whether a role is the one that takes writes or decides.
func leads(role string) bool {
	return role == "primary" || role == "master" || role == "leader" || role == "controller"
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

// planSwitchover says what moving a cluster's leader would do.
func planSwitchover(ready api.Readiness, candidate, reason string) plan {
	p := plan{
		Command: switchoverCommand(ready.Cluster, candidate, reason),
		Does:    fmt.Sprintf("Hands the lead of %s from %s to %s, with the old leader's agreement.", ready.Cluster, orNobody(ready.Leader), orBest(candidate)),
		Blast: []string{
			fmt.Sprintf("Writes to %s wait while the lead moves; the edge holds sessions instead of cutting them.", ready.Cluster),
			"No other cluster and no other region is touched.",
		},
		Verifies: []string{
			"The candidate has all that the leader acknowledged, before the lead moves.",
			"Afterwards exactly one leader answers, it takes a write, and the old one follows it.",
		},
	}
	if !ready.Ready {
		p.Warnings = append(p.Warnings, notReadyWords(ready))
	}
	return p
}

func notReadyWords(ready api.Readiness) string {
	return fmt.Sprintf("%s could not fail over right now: %s A guard will most likely refuse.", ready.Cluster, strings.Join(ready.Reasons, " "))
}

func orNobody(id string) string {
	if id == "" {
		return "nobody"
	}
	return id
}

func orBest(id string) string {
	if id == "" {
		return "the best candidate"
	}
	return id
}
