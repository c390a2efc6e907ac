package wing

import (
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/place"
)

// DrillHere returns what an installation has, as the drills of a region find it.
func DrillHere(l place.Layout, region string) drill.Here {
	r, _ := l.Platform.Region(region)
	return drill.Here{Region: region, Zones: len(r.Zones), Brokers: len(l.Brokers(region)), Servers: max(l.Servers, 1), Pair: l.Partner(r).Name, NetNS: l.NetNS, Root: l.ByRoot}
}
