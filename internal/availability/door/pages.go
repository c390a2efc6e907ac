package door

import (
	"context"
	"embed"
	"net/url"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
	"github.com/greenlang/fournines/internal/fact"
)

//go:embed templates
var templates embed.FS

// pages are the wing's part of the console.
type pages struct {
	source     Source
	operations api.Operations
	figures    api.Figures
}

// Pages show and change which regions serve customers and receive resolvers; on a region's
// page they show whether its clusters could fail over.
func Pages(s Source, done api.Operations, proved api.Figures) []console.Page {
	p := pages{s, done, proved}
	region := func(f url.Values) string { return f.Get("region") }
	cluster := func(f url.Values) string { return fact.RegionOf(f.Get("cluster")) }
	return []console.Page{
		{
			Name: "evacuation", Pattern: "/evacuation", Section: "evacuation", Load: p.evacuation, Parts: []string{"evacuation-homes", "evacuation-history"},
			Templates: templates, Rank: 40, Nav: &console.Nav{Word: "Evacuation", Key: "v"}, Palette: goTo("Evacuation", "g v", "/evacuation"),
		},
		{
			Name: "move", Pattern: "/evacuation/{key}", Section: "evacuation", Load: p.move, Templates: templates, Rank: 75,
			Forms: []console.Form{
				{Pattern: "/verbs/evacuate", Page: "move", Key: region, Asked: true, Do: begin(s.Homes.Evacuate)},
				{Pattern: "/verbs/restore", Page: "move", Key: region, Asked: true, Do: begin(s.Homes.Restore)},
			},
			Palette: inRegions(func(r api.Region) []console.Link {
				if r.Role != "active" {
					return nil
				}
				return []console.Link{{Group: console.Do, Word: "Evacuate or restore " + r.Name, Hint: "fournines evacuate " + r.Name, Address: "/evacuation/" + console.Segments(r.Name)}}
			}),
		},
		{
			Name: "routing", Pattern: "/routing", Section: "routing", Load: p.routing, Parts: []string{"routing-regions"},
			Templates: templates, Rank: 50, Nav: &console.Nav{Word: "Routing", Key: "t"}, Palette: goTo("Routing", "g t", "/routing"),
		},
		{
			Name: "route", Pattern: "/routing/{key}", Section: "routing", Load: p.route, Templates: templates, Rank: 76,
			Forms: []console.Form{{Pattern: "/verbs/route", Page: "route", Key: region, Asked: true, Do: p.setRoute}},
			Palette: inRegions(func(r api.Region) []console.Link {
				return []console.Link{{Group: console.Do, Word: "Switch the routing of " + r.Name, Hint: "fournines route set", Address: "/routing/" + console.Segments(r.Name)}}
			}),
		},
		{
			Name: "cells", Pattern: "/cells", Section: "cells", Load: p.cells, Parts: []string{"cells-map", "cells-blast"},
			Templates: templates, Rank: 60, Nav: &console.Nav{Word: "Cells", Key: "c"}, Palette: goTo("Cells", "g c", "/cells"),
		},
		{
			Name: "switchover", Pattern: "/regions/{key}/switchover", Section: "region", Load: p.switchover, Templates: templates, Rank: 78,
			Panels: []console.Panel{{On: "region", Name: "readiness", Load: p.readiness}},
			Forms:  []console.Form{{Pattern: "/verbs/switchover", Page: "switchover", Key: cluster, Asked: true, Do: p.switchOver, Typed: func(f url.Values) string { return f.Get("cluster") }}},
			Palette: inRegions(func(r api.Region) []console.Link {
				var out []console.Link
				for _, ready := range r.Readiness {
					q := url.Values{"cluster": {ready.Cluster}}
					out = append(out, console.Link{Group: console.Do, Word: "Switch over " + ready.Cluster, Hint: "fournines switchover", Address: "/regions/" + console.Segments(r.Name) + "/switchover?" + q.Encode()})
				}
				return out
			}),
		},
	}
}

// goTo is the palette's line for a page.
func goTo(word, key, address string) func(context.Context, api.Status) ([]console.Link, error) {
	return func(context.Context, api.Status) ([]console.Link, error) {
		return []console.Link{{Group: console.GoTo, Word: word, Hint: key, Address: address}}, nil
	}
}

// inRegions are the palette's lines for what can be done in each region that runs here.
func inRegions(lines func(api.Region) []console.Link) func(context.Context, api.Status) ([]console.Link, error) {
	return func(_ context.Context, s api.Status) ([]console.Link, error) {
		var out []console.Link
		for _, r := range s.Regions {
			if r.Running {
				out = append(out, lines(r)...)
			}
		}
		return out, nil
	}
}
