package web

import (
	"net/http"
	"slices"
)

// Via is the header with the names of the regions' edges that have forwarded a request. The
// first of them, where the client is, counts the request. An edge never forwards a request
// twice: while a home moves, two edges may each take the other for its home.
const Via = "X-Fournines-Via"

// hops is how often a request may be sent on: to its home, and after it when that moves.
const hops = 2

// Router chooses the service of one address by the customer's cell: a cell whose home is
// another region is served through that region's edge (row 7.1.1).
type Router struct {
	where  Where
	header string
	cells  map[int]*Service
	rest   *Service // of requests without a customer, and of cells nobody names
}

// NewRouter returns a router over services that share an address. Where several could
// take what has no cell, one that serves by itself comes before one that sends on.
func NewRouter(where Where, services []*Service) *Router {
	r := &Router{where: where, header: canonical(where.Header), cells: map[int]*Service{}}
	for _, s := range services {
		spec := s.shape.Load().spec
		for _, c := range spec.Cells {
			r.cells[c] = s
		}
		if r.rest == nil || (r.rest.away() && spec.Remote == "") {
			r.rest = s
		}
	}
	return r
}

func (s *Service) away() bool { return s.shape.Load().spec.Remote != "" }

// ServeHTTP hands the request to its cell's service.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s, ok := r.cells[cellOf(req.Header, r.where.Cells, r.header)]
	if !ok {
		s = r.rest
	}
	if s.away() {
		via := req.Header[Via]
		if slices.Contains(via, s.region) || len(via) >= hops {
			j := s.begin(req)
			defer j.end()
			j.bound(w, req)
			j.refuse(w, http.StatusLoopDetected, "two regions' edges send this customer's requests to each other: they do not have the same routing yet; try again")
			return
		}
		req.Header[Via] = append(slices.Clone(via), s.region)
	}
	s.ServeHTTP(w, req)
}
