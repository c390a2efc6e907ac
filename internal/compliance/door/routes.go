package door

import (
	"github.com/danielgtaylor/huma/v2"
)

// Source is what the door reads and asks; the wing's wiring fills it.
type Source struct {
	Proofs    Proofs
	Witnesses Witnessing
	Archives  Archives
	Persons   Custodian
	Queries   Queries
}

// Routes are the wing's part of the API.
func Routes(s Source) func(huma.API) {
	return func(x huma.API) {
		mountProofs(x, s.Proofs, s.Persons)
		mountWitnesses(x, s.Witnesses)
		mountArchive(x, s.Archives)
		mountPersons(x, s.Persons)
		mountQuery(x, s.Queries)
	}
}
