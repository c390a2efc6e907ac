package wiring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// staleTrip is how old a measured round trip may be to be told.
const staleTrip = 10 * time.Second

// links knows the ways between regions: as declared, as measured, and which are cut.
type links struct {
	house *wing.House
	homes func() ([]homeNow, error)
}

// recordLinks records which ways between regions are cut, and when they are open again.
func (w *links) recordLinks(ctx context.Context) error {
	var errs []error
	for _, way := range w.house.Layout.Ways() {
		before, err := w.linkState(way)
		next, changed := availability.DecideLink(before, w.house.Facts.Link(way.From, way.To), w.house.Now())
		if err == nil && changed {
			err = wing.Record(ctx, w.house, availability.LinkChanged, way.String(), next)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("read whether the link %s is cut: %w", way, err))
		}
	}
	return errors.Join(errs...)
}

// linkState returns what was recorded last about a way.
func (w *links) linkState(way fact.Way) (l availability.LinkState, err error) {
	_, err = w.house.State.Get(availability.LinkPrefix+way.String(), &l)
	return l, err
}

// distance is one way as it is declared and measured.
func (w *links) distance(way fact.Way, now time.Time) door.Distance {
	declared, _ := w.house.Layout.Platform.Link(way.From, way.To)
	back, _ := w.house.Layout.Platform.Link(way.To, way.From)
	there, other := w.house.Facts.Link(way.From, way.To), w.house.Facts.Link(way.To, way.From)
	d := door.Distance{
		From: way.From, To: way.To, Health: api.Healthy, Loss: float64(declared.Loss), Measured: there.Measured, Heard: there.Heard, Missed: there.Missed,
		DeclaredSeconds: (declared.Latency.D() + back.Latency.D()).Seconds() / 2, // half of each, its way
	}
	if now.Sub(there.Measured) <= staleTrip {
		d.RoundTripSeconds = there.RoundTrip.Seconds()
	}
	switch trouble := availability.LinkTrouble(there, other, now); {
	case now.Sub(there.At) > staleTrip:
		d.Health, d.Detail = api.HealthUnknown, "nobody measures it: the network between regions does not report"
	case there.Cut():
		d.Health, d.Detail = api.Missing, trouble
	case trouble != "":
		d.Health, d.Detail = api.Degraded, trouble
	}
	return d
}

// Distances implements the door's Source.
func (w *links) Distances(context.Context) ([]door.Distance, error) {
	now, out := w.house.Now(), []door.Distance{}
	for _, way := range w.house.Layout.Ways() {
		d := w.distance(way, now)
		l, err := w.linkState(way)
		if err != nil {
			return nil, err
		}
		if l.Cut {
			d.Entry = l.Index
		}
		out = append(out, d)
	}
	return out, nil
}

// linkFindings names the regions that do not hear each other, the consequences, and the
// actions to avoid.
func (w *links) linkFindings(now time.Time) ([]wing.Finding, error) {
	var out []wing.Finding
	if ways := w.house.Layout.Ways(); len(ways) > 0 && now.Sub(w.house.Looking) > staleTrip && now.Sub(w.house.Facts.Link(ways[0].From, ways[0].To).At) > staleTrip {
		out = append(out, wing.Finding{
			Code: "links-unmeasured", Severity: evidence.Warning, Title: "nobody measures the links between regions", Subject: place.Wan, Command: "fournines links",
			Text: "The network between the regions of this machine does not report. While it is away no region reaches another; `fournines up` starts it again, and " + place.Wan + ".log in the data directory says why it ended.",
		})
	}
	for i, way := range w.house.Layout.Ways() {
		there, back := w.house.Facts.Link(way.From, way.To), w.house.Facts.Link(way.To, way.From)
		trouble := availability.LinkTrouble(there, back, now)
		bothWays := there.Cut() && back.Cut()
		if trouble == "" || !there.Cut() || (bothWays && w.toldAlready(i, way)) {
			continue
		}
		f := wing.Finding{
			Code: "link-cut", Severity: evidence.Critical, Title: fmt.Sprintf("the link from %s to %s is cut", way.From, way.To),
			Subject: way.String(), Since: there.Heard, Command: "fournines links", Text: trouble + ". " + w.meaning(way),
		}
		if bothWays {
			f.Title = fmt.Sprintf("the link between %s and %s is cut both ways", way.From, way.To)
		}
		l, err := w.linkState(way)
		if err != nil {
			return out, err
		}
		if l.Cut {
			f.Entries = []uint64{l.Index}
		}
		out = append(out, f)
	}
	return out, nil
}

// toldAlready tells whether the way back comes earlier in the list of ways.
func (w *links) toldAlready(i int, way fact.Way) bool {
	for _, earlier := range w.house.Layout.Ways()[:i] {
		if earlier == way.Back() {
			return true
		}
	}
	return false
}

// meaning is what a cut between two regions does to customers and to data.
func (w *links) meaning(way fact.Way) string {
	homes, err := w.homes()
	if err != nil {
		return "What it means for customers and data is unknown: " + err.Error() + "."
	}
	for _, h := range homes {
		if (h.serving == way.From && h.other == way.To) || (h.serving == way.To && h.other == way.From) {
			return fmt.Sprintf("%s goes on to serve the customers of %s, and nobody else takes writes for them. What it acknowledges now is not copied to %s, so moving them there loses it: "+
				"mend the link and wait until the lag is gone; `fournines evacuate %s --plan` says what would be lost.", h.serving, h.Name, h.other, h.Name)
		}
	}
	return "Requests that arrive at the one for customers of the other are refused there at once with 503, and nothing of them is sent; at the other's own edge they are served."
}
