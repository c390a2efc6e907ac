package runbook

import "slices"

// way is how a run may get from one step to another.
type way struct {
	to     string // empty: the run is over
	failed bool   // after a failure
}

// ways returns where a run may go after a step.
func (r *Runbook) ways(s Step) []way {
	var out []way
	if does, to := s.onFailure(); does == onStep {
		out = append(out, way{to, true})
	}
	on := make([]string, 0, len(s.Branches)+1)
	for _, b := range s.Branches {
		on = append(on, b.Next)
	}
	on = append(on, r.after(s))
	does, _ := s.onFailure()
	for _, to := range on {
		out = append(out, way{to, false})
		if does == onContinue {
			out = append(out, way{to, true})
		}
	}
	return out
}

// reached returns the steps that a run may get to, in the order in which they are found; a way
// that pass refuses is not gone. via says from which step each was reached first.
func (r *Runbook) reached(pass func(from Step, w way) bool) (names []string, via map[string]string) {
	via = map[string]string{}
	if len(r.Spec.Steps) == 0 {
		return nil, via
	}
	names = []string{r.Spec.Steps[0].Name}
	for i := 0; i < len(names); i++ {
		s, ok := r.Step(names[i])
		if !ok {
			continue
		}
		for _, w := range r.ways(s) {
			if w.to == "" || slices.Contains(names, w.to) || !pass(s, w) {
				continue
			}
			names, via[w.to] = append(names, w.to), s.Name
		}
	}
	return names, via
}

// trail returns the steps from the first to one, as reached found it.
func trail(via map[string]string, to string) []string {
	out := []string{to}
	for from, ok := via[to]; ok; from, ok = via[from] {
		out = append(out, from)
	}
	slices.Reverse(out)
	return out
}

// ends returns the steps from which a run can come to its end.
func (r *Runbook) ends() []string {
	var out []string
	for again := true; again; {
		again = false
		for _, s := range r.Spec.Steps {
			if slices.Contains(out, s.Name) {
				continue
			}
			if slices.ContainsFunc(r.ways(s), func(w way) bool { return w.to == "" && !w.failed || slices.Contains(out, w.to) }) {
				out, again = append(out, s.Name), true
			}
		}
	}
	return out
}

// before returns, for each step that a run may get to, the steps that every run has been to
// before it: its dominators, by the iteration of Allen and Cocke (1972).
func (r *Runbook) before() map[string][]string {
	all, _ := r.reached(anyWay)
	from := map[string][]string{}
	for _, name := range all {
		s, _ := r.Step(name)
		for _, w := range r.ways(s) {
			from[w.to] = append(from[w.to], name)
		}
	}
	out := map[string][]string{}
	for i, name := range all {
		if i > 0 {
			out[name] = all // until it is known better
		}
	}
	for again := true; again; {
		again = false
		for _, name := range all[min(1, len(all)):] {
			kept := slices.DeleteFunc(slices.Clone(out[name]), func(x string) bool {
				return slices.ContainsFunc(from[name], func(f string) bool { return f != x && !slices.Contains(out[f], x) })
			})
			if len(kept) != len(out[name]) {
				out[name], again = kept, true
			}
		}
	}
	for name := range out {
		out[name] = slices.DeleteFunc(slices.Clone(out[name]), func(x string) bool { return x == name })
	}
	return out
}

// mayPrecede tells whether a run may have been to one step when it gets to another.
func (r *Runbook) mayPrecede(earlier, later string) bool {
	seen := []string{earlier}
	for i := 0; i < len(seen); i++ {
		s, ok := r.Step(seen[i])
		if !ok {
			continue
		}
		for _, w := range r.ways(s) {
			if w.to == later {
				return true
			}
			if w.to != "" && !slices.Contains(seen, w.to) {
				seen = append(seen, w.to)
			}
		}
	}
	return false
}

func anyWay(Step, way) bool { return true }
