package up

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/place"
)

// ShapeError means that a data directory was laid out in another shape than is asked for. Its
// engines have written their addresses and members down, and would wait for those for ever.
type ShapeError struct {
	Root    string
	Differs []string // in words: what was, what is asked for, and what to do
}

func (e *ShapeError) Error() string {
	return fmt.Sprintf("%s was laid out otherwise: %s. Nothing was started; bring it up as before, or bring another one up with --data", e.Root, strings.Join(e.Differs, "; "))
}

// checkShape refuses to bring regions and servers up in another shape than they were laid out
// in. A region that was not there before is new, and one that is left out rests.
func checkShape(root string, l place.Layout) error {
	var differs []string
	add := func(format string, args ...any) { differs = append(differs, fmt.Sprintf(format, args...)) }
	_, before, err := place.LoadInstallation(root)
	known := err == nil // a first `up` knows nothing
	if known && before.NetNS != l.NetNS && slices.ContainsFunc(before.Regions, func(r string) bool { return len(laidOut(root, r)) > 0 }) {
		if before.NetNS {
			add("its zones have networks of their own, and now share one: add --netns")
		} else {
			add("its zones share one network, and now have networks of their own: leave --netns out")
		}
	}
	for _, name := range l.Regions {
		r, _ := l.Platform.Region(name)
		zones := laidOut(root, name)
		if len(zones) == 0 {
			continue
		}
		if want := slices.Sorted(slices.Values(r.Zones)); !slices.Equal(zones, want) {
			add("region %s has the zones %s, and now has %s: --lean, or its absence, and the platform file decide", name, strings.Join(zones, ","), strings.Join(want, ","))
			continue
		}
		if known && slices.Contains(before.Regions, name) && before.NetNS == l.NetNS {
			for _, z := range zones {
				if old, now := before.IP(name, z), l.IP(name, z); old != now {
					add("zone %s/%s is at %s, and now is at %s: the numbers of regions and the order of zones in the platform file decide", name, z, old, now)
				}
			}
		}
	}
	if known && before.Servers > 1 && l.Servers > 1 && place.Exists(filepath.Join(root, place.FoundedFile)) {
		if was, now := seatsOf(before), seatsOf(l); was != now {
			add("its servers are %s, and now are %s: --servers and --regions, in their order, decide", was, now)
		}
	}
	if len(differs) > 0 {
		return &ShapeError{Root: root, Differs: differs}
	}
	return nil
}

// laidOut returns the zones of a region that have begun here, sorted.
func laidOut(root, region string) (zones []string) {
	entries, err := os.ReadDir(filepath.Join(root, region))
	if err != nil {
		return nil // it has not begun, or its units say that it cannot be read
	}
	for _, e := range entries {
		if e.Name() != place.Server && place.Exists(filepath.Join(root, region, e.Name(), place.Etcd)) {
			zones = append(zones, e.Name())
		}
	}
	return zones
}

// seatsOf words where the servers of an installation are.
func seatsOf(l place.Layout) string {
	var out []string
	for _, s := range l.Seats() {
		out = append(out, s.Name+" at "+l.SeatIP(s))
	}
	return strings.Join(out, ", ")
}
