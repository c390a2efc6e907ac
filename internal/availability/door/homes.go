package door

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
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

// MoveRequest asks for a region's customers to be served by its partner.
type MoveRequest struct {
	Region     string   `json:"region,omitempty"`
	Mode       string   `json:"mode,omitempty" enum:"graceful,ungraceful" doc:"graceful where the region answers, by default"`
	Practice   bool     `json:"practice,omitempty" doc:"it counts as an exercise in the evidence; graceful only"`
	AcceptLoss bool     `json:"accept_loss,omitempty" doc:"go on although more could be lost than the target allows"`
	Dark       bool     `json:"region_is_dark,omitempty" doc:"you vouch that the region is without power, so that no proof is waited for"`
	Without    []string `json:"leave_objects,omitempty" maxItems:"32" doc:"keys of objects that cannot be copied and that you go on without; they stay in the old region"`
	Approve    bool     `json:"approve,omitempty" doc:"you approve it yourself, in advance"`
	Reason     string   `json:"reason" minLength:"1" maxLength:"1024"`
}

// Resolve implements huma.Resolver: it refuses a blank reason.
func (r MoveRequest) Resolve(c huma.Context, at *huma.PathBuffer) []error {
	return api.Reason(r.Reason).Resolve(c, at)
}

// Homes says where customers are served, and moves them between regions.
type Homes interface {
	Homes(ctx context.Context) ([]Home, error)
	// PlanHome plans an evacuation or a restore as it is asked for, by the guard of the action.
	// ErrRefused where there is nothing to plan.
	PlanHome(ctx context.Context, restore bool, r MoveRequest) (MovePlan, error)
	// Evacuate begins to serve a home's customers from its partner and answers with the operation's id.
	Evacuate(ctx context.Context, r MoveRequest) (id string, err error)
	// Restore begins to bring them home, without loss.
	Restore(ctx context.Context, r MoveRequest) (id string, err error)
}

func mountHomes(x huma.API, s Homes) {
	api.MountList(x, "/v1/homes", s.Homes)
	huma.Get(x, "/v1/homes/{region}/plan", func(ctx context.Context, in *struct {
		Region     string   `path:"region"`
		Verb       string   `query:"verb" enum:"evacuate,restore" default:"evacuate"`
		Mode       string   `query:"mode" enum:"graceful,ungraceful" doc:"of an evacuation; graceful where the region answers, by default"`
		Practice   bool     `query:"practice"`
		AcceptLoss bool     `query:"accept_loss"`
		Dark       bool     `query:"region_is_dark"`
		Without    []string `query:"leave_object,explode" maxItems:"32"`
	}) (*api.Out[MovePlan], error) {
		q := MoveRequest{Region: in.Region, Mode: in.Mode, Practice: in.Practice, AcceptLoss: in.AcceptLoss, Dark: in.Dark, Without: in.Without}
		return api.Answer(s.PlanHome(ctx, in.Verb == "restore", q))
	})
	type move struct {
		Region string `path:"region"`
		Body   MoveRequest
	}
	for path, begin := range map[string]func(context.Context, MoveRequest) (string, error){"evacuate": s.Evacuate, "restore": s.Restore} {
		huma.Post(x, "/v1/homes/{region}/"+path, func(ctx context.Context, in *move) (*api.Out[api.Started], error) {
			in.Body.Region = in.Region
			return api.AnswerStarted(begin(ctx, in.Body))
		})
	}
}
