package app

import (
	"fmt"
	"path/filepath"

	"github.com/greenlang/fournines/internal/spec"
)

// lean leaves one zone to each region but the first that runs here and its partner, so that
// six regions with every kind of engine fit on one machine. Such a region cannot fail over
// inside itself; its partner takes over for it, as for any other.
func lean(p *spec.Platform, running []string) {
	first, _ := p.Region(running[0])
	for i := range p.Spec.Regions {
		r := &p.Spec.Regions[i]
		if r.Name != first.Name && r.Name != first.Pair && len(r.Zones) > 1 {
			r.Zones = r.Zones[:1]
		}
	}
}

// checkShape refuses to bring a region up in another shape than it was laid out in: the
// members of its clusters are what they were.
func checkShape(root string, l Layout) error {
	for _, name := range l.Regions {
		r, _ := l.Platform.Region(name)
		zones, err := filepath.Glob(filepath.Join(root, name, "*", Etcd))
		if err != nil {
			return err
		}
		if len(zones) > 0 && len(zones) != len(r.Zones) {
			return fmt.Errorf("region %s was laid out with %d zones in %s, and is asked for with %d: bring it up as before (--lean tells which), or use another --data", name, len(zones), root, len(r.Zones))
		}
	}
	return nil
}

// redis is the policy of a region's Redis: what it asks of replicas and Sentinels is
// bounded by those that the region has.
func (l Layout) redis(region string) spec.Redis {
	r, _ := l.Platform.Region(region)
	policy := l.Platform.Spec.Engines.Redis
	policy.MinReplicasToWrite = min(policy.MinReplicasToWrite, len(r.Zones)-1)
	policy.Quorum = min(policy.Quorum, len(r.Zones)/2+1)
	return policy
}

// alone tells whether a region runs in one zone only.
func (l Layout) alone(region string) bool {
	r, ok := l.Platform.Region(region)
	return ok && len(r.Zones) == 1
}
