package door

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
)

// Source is what the door reads and asks; the wing's wiring fills it.
type Source struct {
	Platform api.Platform
	Clusters Clusters
	Homes    Homes
	Routing  Routing
	Copies   Copies
}

// Routes are the wing's part of the API.
func Routes(s Source) func(huma.API) {
	return func(x huma.API) {
		mountClusters(x, s.Platform, s.Clusters)
		mountHomes(x, s.Homes)
		mountRouting(x, s.Routing)
		mountCopies(x, s.Copies)
	}
}
