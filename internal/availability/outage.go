package availability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
)

// Outage is one cause for all that is missing in a zone, or in a whole region: nothing there
// answers.
type Outage struct {
	Region, Zone string // Zone is empty where it is the whole region
	Since        time.Time
	Missing      int // components
}

// Outages finds the zones of a region of which nothing answers, or the region itself. One
// zone of which nobody has heard since this server looks is no outage: it is unknown.
func Outages(region string, components []Component) (out []Outage) {
	all, zones := Outage{Region: region}, 0
	var names []string
	for _, c := range components {
		if c.Zone != "" && !slices.Contains(names, c.Zone) {
			names = append(names, c.Zone)
		}
	}
	for _, zone := range names {
		zones++
		if o, dead := outageOf(region, zone, components); dead {
			out = append(out, o)
		}
	}
	edge, _ := outageOf(region, "", components)
	if len(out) < zones || zones == 0 || edge.Missing == 0 {
		return out
	}
	for _, o := range append(out, edge) {
		all.Missing += o.Missing
		if all.Since.IsZero() || o.Since.Before(all.Since) {
			all.Since = o.Since
		}
	}
	return []Outage{all}
}

// outageOf tells whether everything of a zone is missing, its node first; without a zone it is about
// what a region has outside of zones.
func outageOf(region, zone string, components []Component) (o Outage, dead bool) {
	o = Outage{Region: region, Zone: zone}
	for _, c := range components {
		if c.Zone != zone {
			continue
		}
		switch c.Health {
		case Missing, Suspended, HealthUnknown:
		default:
			return Outage{}, false
		}
		if c.Health != Missing {
			continue
		}
		dead = dead || c.Kind == "node" || zone == ""
		if o.Missing++; o.Since.IsZero() || c.Since.Before(o.Since) {
			o.Since = c.Since
		}
	}
	return o, dead
}

func (o Outage) subject() string {
	if o.Zone == "" {
		return o.Region
	}
	return o.Region + "/" + o.Zone
}

// explains tells whether a finding is about what is in the outage.
func (o Outage) explains(f evidence.Finding) bool {
	if f.Stands || f.Event {
		return false
	}
	if o.Zone != "" {
		return strings.HasPrefix(f.Subject, o.subject()+"/")
	}
	return concerns(f, o.Region) || f.Cause == o.Region
}

// concerns tells whether a finding is about a region, something in it, or a link to or from it.
func concerns(f evidence.Finding, region string) bool {
	return slices.Contains(strings.FieldsFunc(f.Subject, func(r rune) bool { return r == '/' || r == '>' }), region)
}

// OneCause puts one finding in the place of all that an outage explains. first says what to do
// first, and what became of the customers.
func OneCause(all []evidence.Finding, outages []Outage, first func(Outage) string) []evidence.Finding {
	var out []evidence.Finding
	for _, o := range outages {
		f := evidence.Finding{
			Code: "zone-out", Severity: evidence.Critical, Title: "Nothing in zone " + o.subject() + " answers", Subject: o.subject(), Since: o.Since, Command: "fournines status -o wide",
		}
		if o.Zone == "" {
			f.Code, f.Title, f.Command = "region-out", "Nothing in region "+o.Region+" answers", "fournines regions"
		}
		explained := map[string]int{}
		all = slices.DeleteFunc(all, func(other evidence.Finding) bool {
			if !o.explains(other) {
				return false
			}
			explained[other.Code]++
			f.Entries = append(f.Entries, other.Entries...)
			return true
		})
		f.Text = fmt.Sprintf("%d components are missing since %s. %s", o.Missing, o.Since.UTC().Format(time.RFC3339), first(o))
		if n := explained["outside-failing"]; n > 0 {
			f.Title += ", and customers are not served"
		}
		out = append(out, f)
	}
	return append(out, all...)
}
