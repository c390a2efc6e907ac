package assign

import (
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
)

// Prober is the unit that asks the platform from outside every region.
const Prober = "prober"

// ProberUnit is the prober of all vantage points of one machine. It keeps nothing on disk:
// what it has not told when it is killed is unknown for ever.
func ProberUnit(l place.Layout, env []string) node.Unit {
	return node.Unit{Name: Prober, Argv: []string{l.Bin("fournines"), Prober, "--data", l.Root}, Env: env, Stop: "TERM", Grace: 5}
}

// GateUnit is the gate of the platform's machine.
func GateUnit(l place.Layout, env []string) node.Unit {
	return node.Unit{Name: place.Gate, Argv: []string{l.Bin("fournines"), place.Gate, "--data", l.Root}, Env: env, Stop: "TERM", Grace: 5}
}
