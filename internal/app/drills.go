package app

import (
	"github.com/greenlang/fournines/internal/api/client"
	availabilitywiring "github.com/greenlang/fournines/internal/availability/wiring"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// Drills returns the drills of every wing. They are known without a server, because they are
// also run from the command line.
func Drills(more ...Maker) []drill.Drill { return unhoused(more...).drills() }

func (s *ServerApp) drills() (out []drill.Drill) {
	for _, w := range s.wings {
		out = append(out, w.Drills...)
	}
	return out
}

// DrillHere returns what an installation has, as the drills of a region find it.
func DrillHere(l place.Layout, region string) drill.Here { return wing.DrillHere(l, region) }

// DrillEnv returns what a drill of this installation runs with.
func DrillEnv(root, region, id string, people *client.Client) (drill.Env, error) {
	return availabilitywiring.DrillEnv(root, region, id, people)
}
