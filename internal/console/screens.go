package console

import (
	"context"
	"html/template"
	"net/url"
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// screen is one page: where it is served, how it is loaded, which parts of it are
// drawn again when something changes. To add a page, add a row to screens, a
// loader, and templates/NAME.html.
type screen struct {
	name    string   // of its template file, and of its stream
	pattern string   // address; {key} or {key...} is what it is about
	section string   // which entry of the navigation is current
	parts   []string // names of its live templates, each an element's id too
	load    func(context.Context, Source, ask) (sheet, error)

	tmpl *template.Template
}

// ask is what a page is asked for.
type ask struct {
	Key    string     // region, operation, drill report or entry; empty for a list
	Query  url.Values // filters
	Now    time.Time
	Status api.Status
}

// sheet is what a loader answers: the page's title and the data of its template.
type sheet struct {
	Title string
	Data  any
}

// screens are all pages by name, with their templates parsed.
func screens() map[string]screen {
	list := []screen{
		{name: "overview", pattern: "/{$}", section: "overview", load: loadOverview,
			parts: []string{"overview-figures", "overview-needs", "overview-work", "overview-regions", "overview-servers", "overview-traffic", "overview-trouble"}},
		{name: "region", pattern: "/regions/{key}", section: "region", load: loadRegion,
			parts: []string{"region-head", "region-topology", "region-readiness", "region-faults", "region-components"}},
		{name: "fault", pattern: "/regions/{key}/fault", section: "region", load: loadFault},
		{name: "switchover", pattern: "/regions/{key}/switchover", section: "region", load: loadSwitchover},
		{name: "evacuation", pattern: "/evacuation", section: "evacuation", load: loadEvacuation,
			parts: []string{"evacuation-homes", "evacuation-history"}},
		{name: "move", pattern: "/evacuation/{key}", section: "evacuation", load: loadMove},
		{name: "routing", pattern: "/routing", section: "routing", load: loadRouting,
			parts: []string{"routing-regions"}},
		{name: "route", pattern: "/routing/{key}", section: "routing", load: loadRoute},
		{name: "cells", pattern: "/cells", section: "cells", load: loadCells,
			parts: []string{"cells-map", "cells-blast"}},
		{name: "operations", pattern: "/operations", section: "operations", load: loadOperations,
			parts: []string{"operations-list"}},
		{name: "operation", pattern: "/operations/{key...}", section: "operations", load: loadOperation,
			parts: []string{"operation-head", "operation-steps"}},
		{name: "tasks", pattern: "/tasks", section: "tasks", load: loadTasks, parts: []string{"tasks-list"}},
		{name: "drills", pattern: "/drills", section: "drills", load: loadDrills,
			parts: []string{"drills-cards", "drills-reports"}},
		{name: "drill", pattern: "/drills/{key...}", section: "drills", load: loadDrill,
			parts: []string{"drill-head", "drill-objectives", "drill-steps"}},
		{name: "evidence", pattern: "/evidence", section: "evidence", load: loadEvidence,
			parts: []string{"evidence-availability", "evidence-budget", "evidence-figures", "evidence-incidents", "evidence-scopes"}},
		{name: "journal", pattern: "/journal", section: "journal", load: loadJournal,
			parts: []string{"journal-list"}},
		{name: "archive", pattern: "/archive", section: "journal", load: loadArchive,
			parts: []string{"archive-figures", "archive-locks", "archive-parts"}},
		{name: "query", pattern: "/journal/query", section: "journal", load: loadQuery},
		{name: "entry", pattern: "/journal/{key}", section: "journal", load: loadEntry},
	}
	base := parseBase()
	byName := make(map[string]screen, len(list))
	for _, s := range list {
		s.tmpl = parseScreen(base, s.name)
		s.parts = append([]string{"sidebar", "pulse"}, s.parts...)
		byName[s.name] = s
	}
	return byName
}
