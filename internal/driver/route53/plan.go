package route53

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Errors that callers tell apart.
var (
	// ErrForeign says that somebody else's record stands where one of ours belongs.
	ErrForeign = errors.New("a record of somebody else is in the way")
	// ErrUnproved says that the zone, read back, is not as it was said to be.
	ErrUnproved = errors.New("the zone does not say what was acknowledged")
)

// The actions of a change.
const (
	Upsert = "UPSERT"
	Delete = "DELETE"
)

// Change is one change of a record.
type Change struct {
	Action string
	Record Record
}

// cost is what a change counts for in a batch: an upsert counts as two.
func (c Change) cost() int {
	if c.Action == Upsert {
		return 2 * max(1, len(c.Record.Values))
	}
	return max(1, len(c.Record.Values))
}

// Have is what the zone says, with the health checks of the account.
type Have struct {
	Zone    string // its own name, with its last dot
	Records []Record
	Checks  []Check
}

// Steps are what is to be done, in this order: checks before the records that name them,
// records before the checks that none names any more.
type Steps struct {
	Make    []Check
	Batches [][]Change
	Drop    []Check
}

// Done tells whether nothing is left to do.
func (s Steps) Done() bool { return len(s.Make)+len(s.Batches)+len(s.Drop) == 0 }

// MostChanges is how many changes Route 53 takes in one batch, where an upsert counts twice.
const MostChanges = 1000

// Plan returns what makes a zone say what is wanted, in batches of so many changes at most.
// What is added comes before what is removed, so that no batch leaves the service's name
// without a region. It is pure: [ErrForeign].
func Plan(want Want, have Have, most int) (Steps, error) {
	var out Steps
	if len(want.Regions) == 0 {
		return out, errors.New("plan hosted zone: no region is wanted, and the service's name must always stand for one")
	}
	if have.Zone == "" || !strings.HasSuffix("."+want.full(), "."+have.Zone) || want.full() == have.Zone {
		return out, fmt.Errorf("plan hosted zone: %s is not a name below the zone's own, %q; name another zone or another service", want.full(), have.Zone)
	}
	for i, r := range want.Cells {
		if !slices.ContainsFunc(want.Regions, func(x Region) bool { return x.Name == r }) {
			return out, fmt.Errorf("plan hosted zone: cell %d is served by %q, which is none of the wanted regions", i, r)
		}
	}
	wanted, checks := want.records()
	if err := foreign(want, wanted, have.Records); err != nil {
		return out, err
	}
	is := map[string]Record{}
	for _, r := range have.Records {
		is[r.key()] = r
	}
	var changes []Change
	keys := map[string]bool{}
	for _, r := range wanted {
		keys[r.key()] = true
		if old, ok := is[r.key()]; !ok || !old.equal(r) {
			changes = append(changes, Change{Upsert, r})
		}
	}
	for _, r := range have.Records {
		if want.owns(r) && !keys[r.key()] {
			changes = append(changes, Change{Delete, r})
		}
	}
	out.Batches = batches(changes, most)
	for _, c := range checks {
		if !slices.ContainsFunc(have.Checks, func(x Check) bool { return x.Reference == c.Reference }) {
			out.Make = append(out.Make, c)
		}
	}
	for _, c := range have.Checks {
		if strings.HasPrefix(c.Reference, want.reference()) && !slices.ContainsFunc(checks, func(x Check) bool { return x.Reference == c.Reference }) {
			out.Drop = append(out.Drop, c)
		}
	}
	return out, nil
}

// owns tells whether a record is ours: it carries our mark, below the service's name.
func (w Want) owns(r Record) bool {
	return strings.HasPrefix(r.Set, w.mark()) && (r.Name == w.full() || strings.HasSuffix(r.Name, "."+w.full()))
}

// foreign looks for records of others that exclude ours: of the same name and type, or a
// CNAME, beside which nothing else may stand.
func foreign(w Want, wanted, have []Record) error {
	names := map[string]bool{}
	for _, r := range wanted {
		names[r.Name] = true
	}
	var errs []error
	for _, r := range have {
		if names[r.Name] && (r.Type == "A" || r.Type == "CNAME") && !w.owns(r) {
			errs = append(errs, fmt.Errorf("%w: %s; remove it, or name another service", ErrForeign, r))
		}
	}
	return errors.Join(errs...)
}

// batches cuts changes so that none counts for more than most.
func batches(changes []Change, most int) [][]Change {
	var out [][]Change
	cost := 0
	for _, c := range changes {
		if len(out) == 0 || cost+c.cost() > most {
			out, cost = append(out, nil), 0
		}
		out[len(out)-1] = append(out[len(out)-1], c)
		cost += c.cost()
	}
	return out
}
