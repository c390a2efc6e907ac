package door

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
)

// Copies lists the copies between regions, and the links between them.
type Copies interface {
	// Mirrors lists every direction in which topics are copied here, in the order of their regions.
	Mirrors(ctx context.Context) ([]Mirror, error)
	// ObjectMirrors lists every direction in which objects are copied here, in the order of their regions.
	ObjectMirrors(ctx context.Context) ([]ObjectMirror, error)
	// Distances lists every way between two regions that run here, in the order of the spec.
	Distances(ctx context.Context) ([]Distance, error)
}

func mountCopies(x huma.API, s Copies) {
	api.MountList(x, "/v1/kafka/mirrors", s.Mirrors)
	api.MountList(x, "/v1/objects/mirrors", s.ObjectMirrors)
	links := huma.Operation{OperationID: "list-links", Method: http.MethodGet, Path: "/v1/links"}
	huma.Register(x, links, func(ctx context.Context, _ *struct{}) (*api.Out[api.List[Distance]], error) {
		all, err := s.Distances(ctx)
		return api.AnswerList(api.Page[Distance]{Items: all}, err)
	})
}
