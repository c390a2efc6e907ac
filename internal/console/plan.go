package console

import (
	"fmt"
)

// maxReason is the most characters that a reason may have.
const maxReason = 200

// Plan is the effect of a button, shown before it can be pressed.
type Plan struct {
	Command  string
	Does     string
	Blast    []string // what is hit, and what that means for each cluster now
	Verifies []string // what is observed before the outcome is believed
	Warnings []string // why it may go worse than usual just now
}

// CheckReason refuses an empty reason, because the journal keeps it.
func CheckReason(reason string) error {
	switch n := len([]rune(reason)); {
	case n == 0:
		return BadRequest("no reason is given", "Say in a few words why; the journal keeps it.")
	case n > maxReason:
		return BadRequest(fmt.Sprintf("the reason has %d characters", n), fmt.Sprintf("Keep it within %d.", maxReason))
	}
	return nil
}
