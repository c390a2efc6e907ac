package door

import (
	"github.com/greenlang/fournines/internal/cli/verb"
)

// verbs are how people at a terminal reach the wing.
type verbs struct{ *verb.World }

// Verbs returns the wing's verbs for the command line.
func Verbs(w *verb.World) []verb.Grouped {
	v := verbs{w}
	return []verb.Grouped{
		{Group: "see", Command: v.witness()}, {Group: "see", Command: v.archive()},
		{Group: "act", Command: v.person()},
		{Under: "journal", Command: v.query()}, {Under: "journal", Command: v.prove()}, {Under: "journal", Command: v.check()},
	}
}
