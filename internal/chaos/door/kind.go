package door

import (
	"strings"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/fact"
)

// kindNamed finds a kind of fault.
func kindNamed(name string) (fact.FaultKind, bool) {
	for _, k := range fact.FaultKinds() {
		if k.Name == name {
			return k, true
		}
	}
	return fact.FaultKind{}, false
}

// kindNames are the names of all kinds of faults.
func kindNames() []string {
	var names []string
	for _, k := range fact.FaultKinds() {
		names = append(names, k.Name)
	}
	return names
}

// The reaches of kinds, as the API names them.
const (
	reachZone   = "zone"
	reachRegion = "region"
	reachLinks  = "links"
)

// linksOf are the targets that are about a region's links: to all others, and to the one
// that target names. The wing that injects knows which regions run.
func linksOf(r api.Region, target string) []string {
	if _, other, ok := strings.Cut(target, ":"); ok && other != "" && other != r.Name {
		return []string{r.Name, r.Name + ":" + other}
	}
	return []string{r.Name}
}

// targetRegion is the region on whose page a fault's target is shown first.
func targetRegion(target string) string { return fact.FaultRegions(target)[0] }
