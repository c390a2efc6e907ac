package door

import (
	"github.com/danielgtaylor/huma/v2"
)

// Source is what the door reads and asks; the wing's wiring fills it.
type Source struct {
	Clusters Clusters
	Homes    Homes
	Routing  Routing
	Copies   Copies
}

// Routes are the wing's part of the API.
func Routes(s Source) func(huma.API) {
	return func(x huma.API) {
		mountClusters(x, s.Clusters)
		mountHomes(x, s.Homes)
		mountRouting(x, s.Routing)
		mountCopies(x, s.Copies)
	}
}
