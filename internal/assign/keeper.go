package assign

import (
	"path/filepath"

	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/place"
)

// FaultsDir holds the leases of this machine's faults.
func FaultsDir(root string) string { return filepath.Join(root, "faults") }

// FaultKeeper returns what injects faults on this machine.
func FaultKeeper(root string) fault.Keeper {
	return fault.Keeper{Dir: FaultsDir(root), Guard: []string{place.Layout{Root: root}.Bin("fournines"), "fault-guard"}}
}
