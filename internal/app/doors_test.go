package app

import (
	"testing"
)

// Two doors never claim the same entry kind, page name or key of the navigation: the later
// one would take it from the earlier one, and nothing would say so.
func TestDoorsAndWingsClaimNothingTwice(t *testing.T) {
	t.Parallel()
	claimed := map[string]bool{}
	claim := func(what, name string) {
		if claimed[what+name] {
			t.Errorf("%s %q is claimed twice", what, name)
		}
		claimed[what+name] = true
	}
	s := unhoused()
	for _, k := range s.entryKinds() {
		claim("kind of entry", k.Name)
	}
	_, pages := s.opened()
	for _, p := range pages {
		claim("page", p.Name)
		if p.Nav != nil {
			claim("key of the navigation", p.Nav.Key)
		}
	}
	for _, d := range s.drills() {
		claim("drill", d.Name)
	}
	if len(claimed) < 60 {
		t.Fatalf("only %d claims were seen", len(claimed))
	}
}
