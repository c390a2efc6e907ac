package spec

// The roles of a region (row 7.1.1).
const (
	Active  = "active"
	Passive = "passive"
)

// Region is one region of the platform.
type Region struct {
	Name   string   `json:"name" yaml:"name" jsonschema_description:"for example us-east-1"`
	Number int      `json:"number" yaml:"number" jsonschema:"minimum=1,maximum=200" jsonschema_description:"second byte of its loopback addresses: 127.NUMBER.ZONE.HOST"`
	Role   string   `json:"role" yaml:"role" jsonschema:"enum=active,enum=passive" jsonschema_description:"active regions serve customers; a passive one takes over for its pair"`
	Pair   string   `json:"pair" yaml:"pair" jsonschema_description:"the region that takes over for it"`
	Serves string   `json:"serves" yaml:"serves" jsonschema_description:"customers whose home it is"`
	Zones  []string `json:"zones" yaml:"zones" jsonschema_description:"availability zones; one application cluster each"`
}

// Region returns the region of that name.
func (p *Platform) Region(name string) (Region, bool) {
	for _, r := range p.Spec.Regions {
		if r.Name == name {
			return r, true
		}
	}
	return Region{}, false
}

// ActiveRegions returns the regions that serve customers, in file order.
func (p *Platform) ActiveRegions() []Region {
	var out []Region
	for _, r := range p.Spec.Regions {
		if r.Role == Active {
			out = append(out, r)
		}
	}
	return out
}
