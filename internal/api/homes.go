package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/availability"
)

// MovePlan says what moving a home would do now, how long it would take and what it would cost.
type MovePlan = availability.MovePlan

// Home is where the customers of an active region are served, and what moving them would mean (rows 7.1.1, 7.1.9).
type Home struct {
	Region  string    `json:"region" doc:"whose customers they are"`
	Serving string    `json:"serving" doc:"region that serves them now"`
	Since   time.Time `json:"since,omitzero"`
	Cells   []int     `json:"cells"`
	Open    bool      `json:"open" doc:"resolvers are sent to the serving region"`
	Fenced  string    `json:"fenced,omitempty" doc:"why the home region itself may not serve"`
	Journal uint64    `json:"journal,omitempty" doc:"index of the entry that moved them last"`
	Plan    MovePlan  `json:"plan" doc:"of the move that is possible: away, or home again"`
	Lost    MovePlan  `json:"lost" doc:"what it would mean if the serving region died now"`
	Judged  time.Time `json:"judged,omitzero" doc:"when the verdict was last another one; plans are judged once a minute"`
	Verdict uint64    `json:"verdict,omitempty" doc:"index of the entry with that verdict"`
}

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

// Pair is the copy that a region's partner has, as it is now (row 7.1.9).
type Pair struct {
	From       string  `json:"from" doc:"region that serves"`
	To         string  `json:"to" doc:"region that would take over"`
	Health     Health  `json:"health"`
	LagBytes   int64   `json:"lag_bytes" doc:"-1: unknown"`
	LagSeconds float64 `json:"lag_seconds" doc:"-1: unknown"`
	Objects    int64   `json:"objects_behind" doc:"versions of objects that are not copied yet; -1: unknown"`
	ObjectsLag float64 `json:"objects_lag_seconds" doc:"everything older is copied; -1: unknown"`
	Detail     string  `json:"detail,omitempty" doc:"why it is not healthy"`

	DeclaredSeconds  float64 `json:"declared_seconds,omitempty" doc:"round trip between them as the platform declares it; 0: it does not"`
	RoundTripSeconds float64 `json:"round_trip_seconds,omitempty" doc:"as it was measured last; 0: it was not, or not lately"`
}

// Homes says where customers are served.
type Homes interface {
	Homes(ctx context.Context) ([]Home, error)
	// Routes are the regions that run here, in the order of the spec.
	Routes(ctx context.Context) ([]Route, error)
}

// MoveRequest asks for a region's customers to be served by its partner.
type MoveRequest struct {
	Region     string `json:"region,omitempty"`
	Mode       string `json:"mode,omitempty" enum:"graceful,ungraceful" doc:"graceful where the region answers, by default"`
	Practice   bool   `json:"practice,omitempty" doc:"it counts as an exercise in the evidence; graceful only"`
	AcceptLoss bool   `json:"accept_loss,omitempty" doc:"go on although more could be lost than the target allows"`
	Dark       bool   `json:"region_is_dark,omitempty" doc:"you vouch that the region is without power, so that no proof is waited for"`
	Approve    bool   `json:"approve,omitempty" doc:"you approve it yourself, in advance"`
	Reason     string `json:"reason" minLength:"1" maxLength:"1024"`
}

// HomeMover moves homes between regions.
type HomeMover interface {
	// Evacuate begins to serve a home's customers from its partner and answers with the operation's id.
	Evacuate(ctx context.Context, r MoveRequest) (id string, err error)
	// Restore begins to bring them home, without loss.
	Restore(ctx context.Context, r MoveRequest) (id string, err error)
	// Route sets a region's routing switch; ErrRefused when nobody would be left to answer.
	Route(ctx context.Context, region string, on bool, reason string) error
}

func mountHomes(x huma.API, s Homes, a HomeMover) {
	mountList(x, "/v1/homes", s.Homes)
	mountList(x, "/v1/routes", s.Routes)
	type move struct {
		Region string `path:"region"`
		Body   MoveRequest
	}
	for path, begin := range map[string]func(context.Context, MoveRequest) (string, error){"evacuate": a.Evacuate, "restore": a.Restore} {
		huma.Post(x, "/v1/homes/{region}/"+path, func(ctx context.Context, in *move) (*out[started], error) {
			in.Body.Region = in.Region
			id, err := begin(ctx, in.Body)
			return answer(started{id}, err)
		})
	}
	huma.Register(x, huma.Operation{OperationID: "set-route", Method: http.MethodPut, Path: "/v1/regions/{region}/route", DefaultStatus: http.StatusNoContent}, func(ctx context.Context, in *struct {
		Region string `path:"region"`
		Body   struct {
			On     bool   `json:"on"`
			Reason string `json:"reason" minLength:"1" maxLength:"1024"`
		}
	}) (*struct{}, error) {
		if err := a.Route(ctx, in.Region, in.Body.On, in.Body.Reason); err != nil {
			return nil, problem(err)
		}
		return nil, nil //nolint:nilnil // 204
	})
}
