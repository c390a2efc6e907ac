package app

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	chaosdoor "github.com/greenlang/fournines/internal/chaos/door"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
)

// Door is how programs reach a wing, or what belongs to no wing.
type Door struct {
	Routes func(huma.API)
}

// listDoors are all doors of the server, one line each.
func (s *ServerApp) listDoors() []Door {
	availability := availabilitydoor.Source{Clusters: s, Homes: s, Routing: s, Copies: s}
	compliance := compliancedoor.Source{Proofs: s, Witnesses: s, Archives: s, Persons: s, Queries: s}
	return []Door{
		{Routes: api.PlatformRoutes(s)},
		{Routes: api.OperationRoutes(s)},
		{Routes: api.DrillRoutes(s)},
		{Routes: api.EvidenceRoutes(s)},
		{Routes: api.JournalRoutes(s)},
		{Routes: api.AlertRoutes(s)},
		{Routes: chaosdoor.Routes(s)},
		{Routes: availabilitydoor.Routes(availability)},
		{Routes: compliancedoor.Routes(compliance)},
	}
}

// routes are those of all doors.
func (s *ServerApp) routes() []func(huma.API) {
	var out []func(huma.API)
	for _, d := range s.listDoors() {
		out = append(out, d.Routes)
	}
	return out
}
