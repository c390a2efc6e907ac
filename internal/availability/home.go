package availability

import (
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
)

// Home says where the customers of an active region are served (rows 7.1.1, 7.1.9). Its
// document exists once they have been moved for the first time.
type Home struct {
	Region  string    `json:"region"`  // whose customers they are
	Serving string    `json:"serving"` // region that serves them
	Since   time.Time `json:"since"`
	Index   uint64    `json:"index"` // of the entry that moved them
}

// RegionWish is what is wanted of a region beyond its spec.
type RegionWish struct {
	Region string    `json:"region"`
	Fenced string    `json:"fenced,omitempty"` // epoch of the fence; empty: it may serve
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Off    bool      `json:"off,omitempty"`    // its routing switch: no resolver is sent there
	Scaled bool      `json:"scaled,omitempty"` // its application runs although it serves nobody yet
	// Switched says who set the switch, as the entry of that tells; zero where an earlier version kept it.
	Switched Switched `json:"switched,omitzero"`
}

// Switched is when a routing switch was set, by whom, and why.
type Switched struct {
	At     time.Time `json:"at,omitzero"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Index  uint64    `json:"index,omitempty"` // of the entry
}

// WhyOff says since when, by whom and why the switch is off; empty while it is on.
func (w RegionWish) WhyOff() string {
	if !w.Off {
		return ""
	}
	text := "its routing switch is off"
	if !w.Switched.At.IsZero() {
		text += " since " + w.Switched.At.UTC().Format(time.RFC3339)
	}
	if w.Switched.By != "" {
		text += ", by " + w.Switched.By
	}
	if w.Switched.Reason != "" {
		text += " (" + w.Switched.Reason + ")"
	}
	return text
}

// Documents of homes and regions.
const (
	HomePrefix   = "home/"   // + region whose customers they are
	RegionPrefix = "region/" // + region
)

// The kinds of entries about homes and regions.
var (
	HomeMoved      = journal.NewKind[Home]("home.moved", "The customers of a region are served by this region from now on.")
	RegionFenced   = journal.NewKind[RegionWish]("region.fenced", "A region is to serve nobody until the fence is lifted.")
	RegionLifted   = journal.NewBareKind("region.lifted", "A fenced region may stand by and serve again.")
	RegionScaled   = journal.NewBareKind("region.scaled", "A region's application is to run although the region serves nobody yet.")
	RegionRested   = journal.NewBareKind("region.rested", "A region that serves nobody needs its application no more.")
	RegionSwitched = journal.NewKind[RegionWish]("region.switched", "A region's routing switch was set.")
)

func homeKinds() []journal.Kind {
	return []journal.Kind{HomeMoved.Kind, RegionFenced.Kind, RegionLifted.Kind, RegionScaled.Kind, RegionRested.Kind, RegionSwitched.Kind, HomeJudged.Kind}
}

func foldHomes(d *state.Docs, r journal.Record) error {
	switch r.Kind {
	case HomeMoved.Name:
		var h Home
		if err := r.Decode(&h); err != nil {
			return err
		}
		h.Since, h.Index = r.Time, r.Index
		if err := wish(d, h.Serving, func(w *RegionWish) { w.Scaled = false }); err != nil {
			return err
		}
		return d.Put(HomePrefix+r.Subject, h)
	case RegionFenced.Name, RegionSwitched.Name:
		var next RegionWish
		if err := r.Decode(&next); err != nil {
			return err
		}
		return wish(d, r.Subject, func(w *RegionWish) {
			if r.Kind == RegionSwitched.Name {
				w.Off, w.Switched = next.Off, Switched{r.Time, r.Actor, r.Reason, r.Index}
				return
			}
			w.Fenced, w.Reason, w.Since = next.Fenced, next.Reason, r.Time
		})
	case HomeJudged.Name:
		var v Verdict
		if err := r.Decode(&v); err != nil {
			return err
		}
		v.Since, v.Index = r.Time, r.Index
		return d.Put(VerdictPrefix+r.Subject, v)
	case RegionLifted.Name:
		return wish(d, r.Subject, func(w *RegionWish) { w.Fenced, w.Reason, w.Since = "", "", time.Time{} })
	case RegionScaled.Name, RegionRested.Name:
		return wish(d, r.Subject, func(w *RegionWish) { w.Scaled = r.Kind == RegionScaled.Name })
	}
	return nil
}

// wish changes a region's document.
func wish(d *state.Docs, region string, change func(*RegionWish)) error {
	w := RegionWish{Region: region}
	if _, err := d.Get(RegionPrefix+region, &w); err != nil {
		return err
	}
	change(&w)
	return d.Put(RegionPrefix+region, w)
}

// Placement says which region serves which home's customers, and what is wanted of each
// region.
type Placement struct {
	Serving map[string]string // home → region that serves its customers
	Wishes  map[string]RegionWish
	Cells   map[int]string // cell → home
}

// Place computes the placement of the regions that run here. A cell whose own home does
// not run here belongs to the first home that does. It is pure.
func Place(p *spec.Platform, running []string, homes []Home, wishes []RegionWish) Placement {
	out := Placement{Serving: map[string]string{}, Wishes: map[string]RegionWish{}, Cells: map[int]string{}}
	active, first := p.ActiveRegions(), ""
	for _, r := range active {
		if slices.Contains(running, r.Name) || slices.Contains(running, r.Pair) {
			out.Serving[r.Name] = r.Name
			if !slices.Contains(running, r.Name) {
				out.Serving[r.Name] = r.Pair
			}
			if first == "" {
				first = r.Name
			}
		}
	}
	if len(out.Serving) == 0 && len(running) > 0 { // only regions that nobody stands by for
		first = running[0]
		out.Serving[first] = first
	}
	for _, h := range homes {
		if _, ok := out.Serving[h.Region]; ok && slices.Contains(running, h.Serving) {
			out.Serving[h.Region] = h.Serving
		}
	}
	for _, w := range wishes {
		out.Wishes[w.Region] = w
	}
	for c := range p.Spec.Cells.Count {
		home := first
		if len(active) > 0 {
			if own := active[c%len(active)].Name; out.Serving[own] != "" {
				home = own
			}
		}
		out.Cells[c] = home
	}
	return out
}

// Serves tells whether a region serves anybody's customers.
func (p Placement) Serves(region string) bool {
	for _, r := range p.Serving {
		if r == region {
			return true
		}
	}
	return false
}

// CellsAt returns the cells whose customers a region serves, in order.
func (p Placement) CellsAt(region string) []int {
	var out []int
	for c := range len(p.Cells) {
		if p.Serving[p.Cells[c]] == region {
			out = append(out, c)
		}
	}
	return out
}

// Regions returns the regions that serve anybody, in order.
func (p Placement) Regions() []string {
	var out []string
	for _, r := range p.Serving {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

// Open tells whether resolvers may be sent to a region.
func (p Placement) Open(region string) bool {
	w := p.Wishes[region]
	return p.Serves(region) && w.Fenced == "" && !w.Off
}

// Spare tells whether resolvers could be sent to another region instead.
func (p Placement) Spare(region string) bool {
	return slices.ContainsFunc(p.Regions(), func(r string) bool { return r != region && p.Open(r) })
}

// Runs tells whether a region's application is to run: it serves, or is about to.
func (p Placement) Runs(region string) bool {
	w := p.Wishes[region]
	return w.Fenced == "" && (w.Scaled || p.Serves(region))
}
