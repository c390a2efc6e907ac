package recovery

import (
	"errors"
	"fmt"
	"time"
)

// Full is a full backup as the repository lists it.
type Full struct {
	Label    string
	Stopped  time.Time // when it was complete: it restores to no earlier moment
	Failed   bool      // it is known not to restore
	Promoted []Tier    // the places that it was given, as they are written beside it
	Locked   time.Time // until when nobody can delete it; zero: it is not locked
}

// Listing is what is known of the full backups of one cluster. The zero value knows nothing,
// which is not the same as that there are none.
type Listing struct {
	Known bool
	Fulls []Full
}

// ErrListing says that the fulls are not known well enough to decide on.
var ErrListing = errors.New("the list of full backups cannot be decided on, so nothing expires")

// check refuses a listing that no decision can rest on.
func (l Listing) check() error {
	if !l.Known {
		return fmt.Errorf("%w: it is unknown; ask the repository again", ErrListing)
	}
	seen := map[string]bool{}
	for _, f := range l.Fulls {
		switch {
		case f.Label == "":
			return fmt.Errorf("%w: a backup has no label", ErrListing)
		case seen[f.Label]:
			return fmt.Errorf("%w: %s is in it twice", ErrListing, f.Label)
		case f.Stopped.IsZero():
			return fmt.Errorf("%w: %s has no time", ErrListing, f.Label)
		}
		seen[f.Label] = true
	}
	return nil
}

// Tier is a place in the keep set.
type Tier string

// The tiers, from the shortest to the longest.
const (
	Daily   Tier = "daily"
	Weekly  Tier = "weekly"
	Monthly Tier = "monthly"
	Yearly  Tier = "yearly" // the specification has none; a repository of before may
)

// Policy says how many periods of each tier keep a full.
type Policy map[Tier]int

// Specified returns the policy of row 7.2.2: 30 days, 12 weeks, 7 years by the month.
func Specified() Policy { return Policy{Daily: 30, Weekly: 12, Monthly: 84} }

// Tiers returns the tiers, from the shortest to the longest.
func Tiers() []Tier { return []Tier{Daily, Weekly, Monthly, Yearly} }
