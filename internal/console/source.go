package console

import (
	"github.com/greenlang/fournines/internal/api"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	chaosdoor "github.com/greenlang/fournines/internal/chaos/door"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
)

// PageSize is the most rows a list shows at once (row 7.6.3).
const PageSize = api.PageSize

// The console reads and acts through the same ports as the API, so that a figure or a
// verb can never differ between the two doors.
type (
	// Source is everything the console reads and can do.
	Source interface {
		api.Platform
		api.Changes
		api.Operations
		api.Drills
		api.Journal
		api.Figures
		chaosdoor.Source
		availabilitydoor.Clusters
		availabilitydoor.Homes
		availabilitydoor.Routing
		compliancedoor.Proofs
		compliancedoor.Witnessing
		compliancedoor.Archives
		compliancedoor.Custodian
		compliancedoor.Queries
	}
	// OperationFilter selects operations; an empty field selects all.
	OperationFilter = api.OperationFilter
	// EntryFilter selects journal entries; an empty field selects all.
	EntryFilter = api.EntryFilter
	// Page is a part of a list.
	Page[T any] = api.Page[T]
)

// Errors that have a page of their own.
var (
	ErrNotFound = api.ErrNotFound
	ErrRefused  = api.ErrRefused
)
