package up

import (
	"fmt"
	"path/filepath"

	"github.com/greenlang/fournines/internal/place"
)

// checkShape refuses to bring a region up in another shape than it was laid out in: the
// members of its clusters are what they were.
func checkShape(root string, l place.Layout) error {
	for _, name := range l.Regions {
		r, _ := l.Platform.Region(name)
		zones, err := filepath.Glob(filepath.Join(root, name, "*", place.Etcd))
		if err != nil {
			return err
		}
		if len(zones) > 0 && len(zones) != len(r.Zones) {
			return fmt.Errorf("region %s was laid out with %d zones in %s, and is asked for with %d: bring it up as before (--lean tells which), or use another --data", name, len(zones), root, len(r.Zones))
		}
	}
	return nil
}
