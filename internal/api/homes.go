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
}

// Homes says where customers are served.
type Homes interface {
	Homes(ctx context.Context) ([]Home, error)
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
	huma.Get(x, "/v1/homes", func(ctx context.Context, _ *struct{}) (*out[list[Home]], error) {
		v, err := s.Homes(ctx)
		return answer(list[Home]{Items: nonNil(v)}, err)
	})
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
