package door

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
)

// Route is one region as resolvers are sent there (row 7.1.2).
type Route struct {
	Region  string      `json:"region"`
	On      bool        `json:"on" doc:"its routing switch"`
	Open    bool        `json:"open" doc:"resolvers are sent there: it serves, is not fenced, and its switch is on"`
	Why     string      `json:"why,omitempty" doc:"why they are not"`
	Address string      `json:"address" doc:"of its edge"`
	Homes   []string    `json:"homes" doc:"whose customers it serves"`
	Cells   []int       `json:"cells" doc:"that it serves"`
	Ready   int         `json:"ready" doc:"instances of the application that take requests"`
	Wanted  int         `json:"wanted" doc:"instances that the spec declares"`
	Spare   bool        `json:"spare" doc:"another region would be left to answer without it"`
	Answers []RouteSeen `json:"answers" doc:"what each edge's name server thinks of it"`
}

// RouteSeen is a region as one edge's name server sees it.
type RouteSeen struct {
	Edge  string    `json:"edge" doc:"region of the edge"`
	Up    bool      `json:"up"`
	Since time.Time `json:"since,omitzero"`
	Error string    `json:"error,omitempty" doc:"of the last probe"`
}

// Routing says where resolvers are sent, and changes it.
type Routing interface {
	// Routes are the regions that run here, in the order of the spec.
	Routes(ctx context.Context) ([]Route, error)
	// Route sets a region's routing switch; ErrRefused when nobody would be left to answer.
	Route(ctx context.Context, region string, on bool, reason string) error
}

func mountRouting(x huma.API, s Routing) {
	api.MountList(x, "/v1/routes", s.Routes)
	set := huma.Operation{OperationID: "set-route", Method: http.MethodPut, Path: "/v1/regions/{region}/route", DefaultStatus: http.StatusNoContent}
	huma.Register(x, set, func(ctx context.Context, in *struct {
		Region string `path:"region"`
		Body   struct {
			On     bool       `json:"on"`
			Reason api.Reason `json:"reason" minLength:"1" maxLength:"1024"`
		}
	}) (*struct{}, error) {
		return api.AnswerNothing(s.Route(ctx, in.Region, in.Body.On, string(in.Body.Reason)))
	})
}
