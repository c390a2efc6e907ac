package fact

import (
	"fmt"
	"slices"
	"strings"
)

// Ref says which thing of the platform is meant, by where it stands. Its text is REGION/ZONE/KIND
// for a component, REGION/KIND for what a region has once (a cluster, the edge), and REGION/ZONE
// for a zone with everything in it.
type Ref struct {
	Region, Zone, Kind string
}

// Component refers to a component by its id, REGION/ZONE/KIND.
func Component(id string) (Ref, error) {
	parts := strings.Split(id, "/")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return Ref{}, fmt.Errorf("%q is no component; write REGION/ZONE/KIND, for example us-east-1/a/postgres", id)
	}
	return Ref{parts[0], parts[1], parts[2]}, nil
}

// Cluster refers to what a region has once, by its id, REGION/KIND.
func Cluster(id string) (Ref, error) {
	region, kind, _ := strings.Cut(id, "/")
	if region == "" || kind == "" || strings.Contains(kind, "/") {
		return Ref{}, fmt.Errorf("%q is no cluster; write REGION/ENGINE, for example us-east-1/postgres", id)
	}
	return Ref{Region: region, Kind: kind}, nil
}

// Zone refers to a zone, REGION/ZONE.
func Zone(id string) (Ref, error) {
	region, zone, _ := strings.Cut(id, "/")
	if region == "" || zone == "" || strings.Contains(zone, "/") {
		return Ref{}, fmt.Errorf("%q is no zone; write REGION/ZONE, for example us-east-1/a", id)
	}
	return Ref{Region: region, Zone: zone}, nil
}

// RegionOf returns the region of a component, a cluster or a zone, or of a region itself.
func RegionOf(id string) string {
	region, _, _ := strings.Cut(id, "/")
	return region
}

// ZoneOf returns REGION/ZONE of a component or of a zone itself; a text that is neither stays.
func ZoneOf(id string) string {
	if r, err := Component(id); err == nil {
		return r.Region + "/" + r.Zone
	}
	return id
}

// String returns the text that is read back as the same.
func (r Ref) String() string {
	parts := slices.DeleteFunc([]string{r.Region, r.Zone, r.Kind}, func(part string) bool { return part == "" })
	return strings.Join(parts, "/")
}
