package app

import (
	"context"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wait"
)

// staleTrip is how old a measured round trip may be to be told.
const staleTrip = 10 * time.Second

// watchLinks records which ways between regions are cut, and when they are open again.
func (s *ServerApp) watchLinks(ctx context.Context) {
	if len(s.Regions) < 2 {
		return
	}
	wait.Every(ctx, time.Second, func(ctx context.Context) {
		for _, w := range s.Layout.Ways() {
			before, err := s.linkState(w)
			next, changed := availability.DecideLink(before, s.Facts.Link(w.From, w.To), time.Now())
			if err == nil && changed {
				err = record(ctx, s, availability.LinkChanged, w.String(), next)
			}
			if err != nil && ctx.Err() == nil {
				s.Log.Error("cannot record whether a link is cut", "link", w, "err", err)
			}
		}
	})
}

// linkState returns what was recorded last about a way.
func (s *ServerApp) linkState(w fact.Way) (l availability.LinkState, err error) {
	_, err = s.State.Get(availability.LinkPrefix+w.String(), &l)
	return l, err
}

// distance is one way as it is declared and measured.
func (s *ServerApp) distance(w fact.Way, now time.Time) availabilitydoor.Distance {
	declared, _ := s.Layout.Platform.Link(w.From, w.To)
	back, _ := s.Layout.Platform.Link(w.To, w.From)
	there, other := s.Facts.Link(w.From, w.To), s.Facts.Link(w.To, w.From)
	d := availabilitydoor.Distance{
		From: w.From, To: w.To, Health: api.Healthy, Loss: float64(declared.Loss), Measured: there.Measured, Heard: there.Heard, Missed: there.Missed,
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

func (s *ServerApp) Distances(context.Context) ([]availabilitydoor.Distance, error) {
	now, out := time.Now(), []availabilitydoor.Distance{}
	for _, w := range s.Layout.Ways() {
		d := s.distance(w, now)
		l, err := s.linkState(w)
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

// linkFindings says which regions do not hear each other, what that means, and what not to do.
func (s *ServerApp) linkFindings(now time.Time) []api.Finding {
	var out []api.Finding
	if ways := s.Layout.Ways(); len(ways) > 0 && now.Sub(s.looking) > staleTrip && now.Sub(s.Facts.Link(ways[0].From, ways[0].To).At) > staleTrip {
		out = append(out, api.Finding{
			Code: "links-unmeasured", Severity: "warning", Title: "nobody measures the links between regions", Subject: place.Wan, Command: "fournines links",
			Text: "The network between the regions of this machine does not report. While it is away no region reaches another; `fournines up` starts it again, and " + place.Wan + ".log in the data directory says why it ended.",
		})
	}
	for i, w := range s.Layout.Ways() {
		there, back := s.Facts.Link(w.From, w.To), s.Facts.Link(w.To, w.From)
		trouble := availability.LinkTrouble(there, back, now)
		bothWays := there.Cut() && back.Cut()
		if trouble == "" || !there.Cut() || (bothWays && s.toldAlready(i, w)) {
			continue
		}
		f := api.Finding{
			Code: "link-cut", Severity: "critical", Title: fmt.Sprintf("the link from %s to %s is cut", w.From, w.To),
			Subject: w.String(), Since: there.Heard, Command: "fournines links", Text: trouble + ". " + s.meaning(w),
		}
		if bothWays {
			f.Title = fmt.Sprintf("the link between %s and %s is cut both ways", w.From, w.To)
		}
		if l, err := s.linkState(w); err == nil && l.Cut {
			f.Entries = []uint64{l.Index}
		}
		out = append(out, f)
	}
	return out
}

// toldAlready tells whether the way back comes earlier in the list of ways.
func (s *ServerApp) toldAlready(i int, w fact.Way) bool {
	for _, earlier := range s.Layout.Ways()[:i] {
		if earlier == w.Back() {
			return true
		}
	}
	return false
}

// meaning is what a cut between two regions does to customers and to data.
func (s *ServerApp) meaning(w fact.Way) string {
	homes, err := s.homes()
	if err != nil {
		return "What it means for customers and data is unknown: " + err.Error() + "."
	}
	for _, h := range homes {
		if (h.serving == w.From && h.other == w.To) || (h.serving == w.To && h.other == w.From) {
			return fmt.Sprintf("%s goes on to serve the customers of %s, and nobody else takes writes for them. What it acknowledges now is not copied to %s, so moving them there loses it: "+
				"mend the link and wait until the lag is gone; `fournines evacuate %s --plan` says what would be lost.", h.serving, h.Name, h.other, h.Name)
		}
	}
	return "Requests that arrive at the one for customers of the other are refused there at once with 503, and nothing of them is sent; at the other's own edge they are served."
}
