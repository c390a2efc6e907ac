package compliance

import (
	"time"

	"github.com/greenlang/fournines/internal/journal/witness"
)

// Accusation is evidence that our witness holds against another server's journal.
type Accusation struct {
	ID     string       `json:"id"`
	Kind   witness.Kind `json:"kind" doc:"fork, rollback or unproved"`
	Origin string       `json:"origin" doc:"of the journal"`
	Text   string       `json:"text"`
	At     time.Time    `json:"at"`
	Entry  uint64       `json:"entry" doc:"journal index that holds both signed checkpoints"`
}

// mostAlike is how many accusations of one kind against one journal are recorded: more say
// nothing new, and another server must not fill our journal and our state with its wrongs. A
// witness keeps as many; one that has lost its directory begins to count anew, our state does not.
const mostAlike = 16

// Unknown returns the findings that an entry shall tell of, each once: after a restart a
// witness tells all of its evidence again.
func Unknown(findings []witness.Finding, known []Accusation) []witness.Finding {
	var out []witness.Finding
	for _, f := range findings {
		alike, told := 0, false
		for _, a := range known {
			told = told || a.ID == f.ID()
			if a.Kind == f.Kind && a.Origin == f.Origin {
				alike++
			}
		}
		for _, o := range out {
			if o.Kind == f.Kind && o.Origin == f.Origin {
				alike++
			}
		}
		if !told && alike < mostAlike {
			out = append(out, f)
		}
	}
	return out
}
