package console

import (
	"net/http"

	"github.com/greenlang/fournines/internal/api"
)

// verbLink is one line of the palette: a page, or the place where a verb is
// reviewed. The palette never acts by itself.
type verbLink struct {
	Group   string // Go to, Do, Operations, Faults
	Word    string
	Hint    string // key, or the equal command
	Address string
}

// palette lists every page and verb, for the dialog that finds them by name.
func (c *console) palette(w http.ResponseWriter, r *http.Request) {
	status, err := c.source.Status(r.Context())
	if err != nil {
		c.problem(w, r, troubleOf(err))
		return
	}
	drills, err := c.source.DrillCatalogue(r.Context())
	if err != nil {
		c.problem(w, r, troubleOf(err))
		return
	}
	c.write(w, r, c.trouble, "palette", http.StatusOK, view{Data: verbLinks(status, drills), Now: c.now().UTC(), Status: status})
}

// verbLinks are all pages, then all verbs, then what runs now.
func verbLinks(status api.Status, drills []api.DrillInfo) []verbLink {
	list := []verbLink{
		{"Go to", "Overview", "g o", "/"},
		{"Go to", "Operations", "g p", "/operations"},
		{"Go to", "Operations that wait for approval", "", "/operations?state=waiting-approval"},
		{"Go to", "Operations that failed", "", "/operations?state=failed"},
		{"Go to", "Tasks in the background", "g k", "/tasks"},
		{"Go to", "Evacuation", "g v", "/evacuation"},
		{"Go to", "Routing", "g t", "/routing"},
		{"Go to", "Cells", "g c", "/cells"},
		{"Go to", "Drills", "g d", "/drills"},
		{"Go to", "Evidence", "g e", "/evidence"},
		{"Go to", "Evidence of a year", "", "/evidence?span=365d"},
		{"Go to", "Journal", "g j", "/journal"},
		{"Go to", "Archive of the journal", "", "/archive"},
	}
	for _, r := range status.Regions {
		list = append(list, verbLink{"Go to", "Region " + r.Name, r.Role, "/regions/" + segments(r.Name)})
	}
	for _, d := range drills {
		list = append(list, verbLink{"Do", "Run drill " + d.Name, d.Command, "/drills#drill-" + d.Name})
	}
	for _, r := range status.Regions {
		if !r.Running {
			continue
		}
		if r.Role == "active" {
			list = append(list, verbLink{"Do", "Evacuate or restore " + r.Name, "fournines evacuate " + r.Name, "/evacuation/" + segments(r.Name)})
		}
		list = append(list, verbLink{"Do", "Switch the routing of " + r.Name, "fournines route set", "/routing/" + segments(r.Name)})
		list = append(list, verbLink{"Do", "Inject a fault in " + r.Name, "fournines fault inject", "/regions/" + segments(r.Name) + "#inject"})
		for _, ready := range r.Readiness {
			q := with(nil, "cluster", ready.Cluster)
			list = append(list, verbLink{"Do", "Switch over " + ready.Cluster, "fournines switchover", "/regions/" + segments(r.Name) + "/switchover?" + q.Encode()})
		}
	}
	list = append(list, verbLink{"Do", "Verify the journal", "fournines journal verify", "/journal#verify"})
	for _, f := range status.Faults {
		list = append(list, verbLink{"Running", "Clear fault " + f.Kind + " on " + f.Target, "", "/regions/" + segments(targetRegion(f.Target)) + "#region-faults"})
	}
	for _, o := range status.Operations {
		list = append(list, verbLink{"Running", o.Kind + " of " + o.Subject, o.State, "/operations/" + segments(o.ID)})
	}
	return list
}
