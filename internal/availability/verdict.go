package availability

import (
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// JudgeEvery is how often the plans to move homes are evaluated anew (row 7.1.9). A
// commercial service that does the same evaluates every 30 minutes.
const JudgeEvery = time.Minute

// Verdict is the judgement of a home's move as of its last change: as things stand, and if
// the home's region died at that moment. It is kept per home.
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
	for _, p := range []*MovePlan{&out.Planned, &out.Lost} { // its entry names a few
		p.Stuck = p.Stuck[:min(len(p.Stuck), stuckTold)]
	}
	return out
}

// Differs tells whether a verdict has changed: another mode of the move, or other reasons
// against it. Changed figures alone do not count, and neither does any change while an
// operation works on the home. It is pure.
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
