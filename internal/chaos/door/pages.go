package door

import (
	"context"
	"embed"
	"net/url"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
)

//go:embed templates
var templates embed.FS

// pages are the wing's part of the console.
type pages struct {
	source   Source
	platform api.Platform
}

// Pages review and inject a fault, and show the faults of a region on its page.
func Pages(s Source, all api.Platform) []console.Page {
	p := pages{s, all}
	return []console.Page{{
		Name: "fault", Pattern: "/regions/{key}/fault", Section: "region", Load: p.review, Templates: templates, Rank: 77,
		Panels: []console.Panel{{On: "region", Name: "faults", Load: p.panel}},
		Forms: []console.Form{
			{Pattern: "/verbs/fault", Page: "fault", Key: func(f url.Values) string { return targetRegion(f.Get("target")) }, Asked: true, Do: p.inject, Typed: func(f url.Values) string { return f.Get("target") }},
			{Pattern: "/verbs/clear-fault", Page: "overview", Do: p.clear},
		},
		Palette: links,
	}}
}

func links(_ context.Context, s api.Status) ([]console.Link, error) {
	var out []console.Link
	for _, r := range s.Regions {
		if r.Running {
			out = append(out, console.Link{Group: console.Do, Word: "Inject a fault in " + r.Name, Hint: "fournines fault inject", Address: "/regions/" + console.Segments(r.Name) + "#inject"})
		}
	}
	for _, f := range s.Faults {
		out = append(out, console.Link{Group: console.Running, Word: "Clear fault " + f.Kind + " on " + f.Target, Address: faultsOf(targetRegion(f.Target))})
	}
	return out, nil
}
