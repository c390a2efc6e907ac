package fact

import "time"

// Link is one way between two regions as numbered pulses prove it: what From said and To heard.
type Link struct {
	From      string        `json:"from"` // region
	To        string        `json:"to"`
	At        time.Time     `json:"at"`         // what follows is as it was then
	Heard     time.Time     `json:"heard"`      // To last heard a pulse, or the measuring began
	Missed    int           `json:"missed"`     // pulses since then that should have come
	RoundTrip time.Duration `json:"round_trip"` // of the newest pulse that was answered; 0: none was yet
	Measured  time.Time     `json:"measured,omitzero"`
}

// cutAfter is how many pulses in a row that did not come make a way count as cut: at two a
// second that is three seconds, and by a loss of 5 % it would be once a year.
const cutAfter = 6

// Cut tells whether nothing comes along the way.
func (l Link) Cut() bool { return l.Missed >= cutAfter }
