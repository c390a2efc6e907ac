package assign

import (
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/place"
)

// Component is one thing that a platform declares to run in a region.
type Component struct {
	ID     string // REGION/ZONE/KIND, or REGION/KIND on the region's own host
	Region string
	Zone   string // empty: the region's own host
	Kind   string
}

// Components returns everything that is to run in a region of an installation: on the region's
// own host, and zone by zone its node with what [Assign] tells it. The application runs where
// application says so; a region that stands by has none.
func Components(l place.Layout, region string, application bool) []Component {
	out := []Component{{ID: place.Cluster(region, place.Edge), Region: region, Kind: place.Edge}}
	if l.ObjectPartner(region) != "" {
		out = append(out, Component{ID: place.Cluster(region, place.Objects), Region: region, Kind: place.Objects})
	}
	r, _ := l.Platform.Region(region)
	for _, zone := range r.Zones {
		for _, kind := range append([]string{place.Node}, l.Kinds(region, zone)...) {
			if kind != place.GreenLang || application {
				out = append(out, Component{ID: place.ID(region, zone, kind), Region: region, Zone: zone, Kind: kind})
			}
		}
	}
	return out
}

// Applied tells whether a region's application runs in an installation that nobody has operated
// yet.
func Applied(l place.Layout, region string) bool {
	return availability.Place(l.Platform, l.Regions, nil, nil).Runs(region)
}
