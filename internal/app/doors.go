package app

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	availabilitywiring "github.com/greenlang/fournines/internal/availability/wiring"
	chaosdoor "github.com/greenlang/fournines/internal/chaos/door"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/console"
	"github.com/greenlang/fournines/internal/records"
	recoverydoor "github.com/greenlang/fournines/internal/recovery/door"
	runbookdoor "github.com/greenlang/fournines/internal/runbook/door"
	scheduledoor "github.com/greenlang/fournines/internal/schedule/door"
	"github.com/greenlang/fournines/internal/wing"
)

// Door is how programs and people reach a wing, or what belongs to no wing.
type Door struct {
	Routes func(huma.API) // nil: it has none
	Pages  []console.Page
}

// Maker makes a wing, and its door.
type Maker = func(*wing.House) (wing.Wing, Door)

// platform is the platform as a whole: the wing that runs its regions knows them, and the
// records when something has changed.
type platform struct {
	*ServerApp
	*availabilitywiring.Wiring
	*records.Records
}

func (s *ServerApp) platform() platform { return platform{s, s.availability, s.records} }

// listDoors are all doors of the server: those that need several wings, and those that were
// given to registerWings beside their wings.
func (s *ServerApp) listDoors() []Door {
	all, w, c, r := s.platform(), s.availability, s.compliance, s.records
	availability := availabilitydoor.Source{Platform: all, Clusters: w, Homes: w, Routing: w, Copies: w}
	compliance := compliancedoor.Source{Proofs: c, Witnesses: c, Archives: c, Persons: c, Queries: c}
	return append([]Door{
		{Routes: api.PlatformRoutes(all), Pages: console.PlatformPages(all)},
		{Routes: api.OperationRoutes(r), Pages: console.OperationPages(r)},
		{Routes: api.DrillRoutes(r), Pages: console.DrillPages(r)},
		{Routes: api.EvidenceRoutes(r), Pages: console.EvidencePages(r)},
		{Routes: api.JournalRoutes(r)},
		{Routes: api.AlertRoutes(s.alerts)},
		{Routes: runbookdoor.Routes(s.runbooks)},
		{Routes: scheduledoor.Routes(s.schedules), Pages: scheduledoor.Pages(s.schedules)},
		{Routes: chaosdoor.Routes(s.chaos), Pages: chaosdoor.Pages(s.chaos, all)},
		{Routes: availabilitydoor.Routes(availability), Pages: availabilitydoor.Pages(availability, r, r)},
		{Routes: recoverydoor.Routes(s.recovery)},
		{Routes: compliancedoor.Routes(compliance), Pages: compliancedoor.Pages(compliance, r)},
	}, s.doors...)
}

// opened are the routes and the pages of all doors.
func (s *ServerApp) opened() (routes []func(huma.API), pages []console.Page) {
	for _, d := range s.listDoors() {
		routes, pages = append(routes, d.Routes), append(pages, d.Pages...)
	}
	return routes, pages
}
