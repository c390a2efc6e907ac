package availability

import (
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// JudgeEvery is how often the plans to move homes are evaluated anew (row 7.1.9). A peer
// that does the same for people who pay it evaluates every 30 minutes.
const JudgeEvery = time.Minute

// Verdict says what moving a home would have meant when it was last judged otherwise than
// before: as it stands, and if its region died at that moment. It is kept per home.
type Verdict struct {
	Home    string    `json:"home"`
	Planned MovePlan  `json:"planned"` // of the move that is possible: graceful where the region answers
	Lost    MovePlan  `json:"lost"`    // of the move without it
	Since   time.Time `json:"since,omitzero"`
	Index   uint64    `json:"index,omitempty"` // of the entry
}

// VerdictPrefix is the documents of verdicts: + home.
const VerdictPrefix = "verdict/"

// HomeJudged is an entry for each change of a verdict, never for its figures alone.
var HomeJudged = journal.NewKind[Verdict]("home.judged", "Whether a region's customers could be moved, or how, is judged otherwise than before.")

// Judge plans a home's move both ways. It is pure.
func Judge(v MoveView, now time.Time) Verdict {
	out := Verdict{Home: v.Home, Planned: PlanMove(v, "", now), Lost: PlanMove(v, Ungraceful, now)}
	if v.To == v.Home {
		out.Planned = PlanRestore(v, now)
	}
	return out
}

// Differs tells whether a verdict is another than before: another way to go, or other
// reasons not to. Figures move all the time and are no verdict. While an operation works
// on the home there is none. It is pure.
func (v Verdict) Differs(before Verdict) bool {
	return differs(v.Planned, before.Planned) || differs(v.Lost, before.Lost)
}

func differs(a, b MovePlan) bool {
	return a.From != b.From || a.To != b.To || a.Mode != b.Mode || a.Ready != b.Ready ||
		!slices.EqualFunc(a.Reasons, b.Reasons, func(x, y string) bool { return wordsOf(x) == wordsOf(y) })
}

// wordsOf is a reason without its figures: "12 MiB behind" and "13 MiB behind" are one.
func wordsOf(reason string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, reason)
}
