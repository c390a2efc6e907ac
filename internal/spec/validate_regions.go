package spec

import "fmt"

// maxZones is what the third byte of 127.REGION.ZONE.HOST leaves room for.
const maxZones = 200

// regions checks names, numbers, pairs and zones (row 7.1.1).
func (v *validator) regions() {
	names, numbers := map[string]int{}, map[int]int{}
	active := 0
	for i, r := range v.spec.Regions {
		path := fmt.Sprintf("spec.regions[%d]", i)
		v.label(path+".name", r.Name)
		if first, twice := names[r.Name]; twice {
			v.fail(path+".name", fmt.Sprintf("spec.regions[%d] has it already", first), nil, "is %q a second time", r.Name)
		} else {
			names[r.Name] = i
		}
		if first, twice := numbers[r.Number]; twice {
			v.fail(path+".number", fmt.Sprintf("spec.regions[%d] has it already, and their addresses would be the same", first), nil, "is %d a second time", r.Number)
		} else {
			numbers[r.Number] = i
		}
		v.zones(path+".zones", r.Zones)
		if r.Role == Active {
			active++
		}
	}
	if active == 0 {
		v.fail("spec.regions", "at least one region must have the role active", nil, "has no active region")
	}
	v.pairs(names)
}

func (v *validator) zones(path string, zones []string) {
	if len(zones) == 0 || len(zones) > maxZones {
		v.fail(path, fmt.Sprintf("a region has 1 to %d zones; to survive the loss of one it has 3", maxZones), nil, "has %d zones", len(zones))
	}
	seen := map[string]bool{}
	for i, z := range zones {
		at := fmt.Sprintf("%s[%d]", path, i)
		v.label(at, z)
		if seen[z] {
			v.fail(at, "the zones of a region have different names", nil, "is %q a second time", z)
		}
		seen[z] = true
	}
}

// pairs demands that each region and its pair name each other, one active and one passive.
func (v *validator) pairs(names map[string]int) {
	for i, r := range v.spec.Regions {
		path := fmt.Sprintf("spec.regions[%d].pair", i)
		j, found := names[r.Pair]
		if !found {
			v.fail(path, suggest(r.Pair, v.others(r.Name)), v.names(), "is %q, and there is no such region", r.Pair)
			continue
		}
		other := v.spec.Regions[j]
		rests := append(v.names(), fmt.Sprintf("spec.regions[%d].pair", j), fmt.Sprintf("spec.regions[%d].role", i), fmt.Sprintf("spec.regions[%d].role", j))
		switch {
		case other.Name == r.Name:
			v.fail(path, "a region cannot take over for itself", nil, "is %q, the region itself", r.Pair)
		case other.Pair != r.Name:
			v.fail(path, fmt.Sprintf("pairs name each other: pair %q with %q, or choose another", other.Name, r.Name), rests, "is %q, whose own pair is %q", other.Name, other.Pair)
		case other.Role == r.Role && i < j:
			v.fail(path, "of each pair one is active and the other passive", rests, "is %q, and both are %s", other.Name, r.Role)
		}
	}
}

// others returns the names of the other regions.
func (v *validator) others(name string) []string {
	var out []string
	for _, r := range v.spec.Regions {
		if r.Name != name {
			out = append(out, r.Name)
		}
	}
	return out
}

// names returns the paths of all regions' names, on which every pair rests.
func (v *validator) names() []string {
	out := []string{"spec.regions"}
	for i := range v.spec.Regions {
		out = append(out, fmt.Sprintf("spec.regions[%d].name", i))
	}
	return out
}
