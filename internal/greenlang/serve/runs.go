package serve

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/greenlang/store"
	"github.com/greenlang/fournines/kit/cell"
)

type runOutput struct {
	Status int
	Cell   string `header:"X-Cell" doc:"the customer's cell"`
	Body   greenlang.Run
}

func newRunOutput(run greenlang.Run, created bool) *runOutput {
	return &runOutput{Status: madeStatus(created), Cell: strconv.Itoa(cell.Of(run.Customer, greenlang.Cells)), Body: run}
}

func (a *api) registerRuns(h huma.API) {
	huma.Register(h, op("create-run", http.MethodPost, "/v1/runs", "Start a run; answered only after its commit is confirmed", http.StatusCreated), a.createRun)
	huma.Register(h, op("list-runs", http.MethodGet, "/v1/runs", "List runs, newest first", http.StatusOK), a.listRuns)
	huma.Register(h, op("get-run", http.MethodGet, "/v1/runs/{id}", "Get a run", http.StatusOK), a.getRun)
	huma.Register(h, op("look-up-runs", http.MethodPost, "/v1/runs/lookup", "Tell what is stored under idempotency keys, and how often", http.StatusOK), a.lookUpRuns)
}

type newRun struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"128" pattern:"^[!-~]+$" doc:"one key is at most one run"`
	Body greenlang.NewRun
}

func (a *api) createRun(ctx context.Context, in *newRun) (*runOutput, error) {
	if _, err := greenlang.ParseVersion(in.Body.Version); err != nil {
		return nil, invalid(err)
	}
	run, created, err := a.store.CreateRun(ctx, in.Key, in.Body)
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	if created {
		a.metrics.runs.WithLabelValues("created").Inc()
		a.cache.CountRun(ctx, run.Customer, time.Now())
	} else {
		a.metrics.runs.WithLabelValues("replayed").Inc()
	}
	return newRunOutput(run, created), nil
}

func (a *api) getRun(ctx context.Context, in *struct {
	ID string `path:"id" format:"uuid"`
}) (*runOutput, error) {
	if err := uuid.Validate(in.ID); err != nil {
		return nil, invalid(err)
	}
	run, err := a.store.Run(ctx, in.ID)
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	return newRunOutput(run, false), nil
}

type runList struct {
	Paging
	Customer string    `query:"customer" pattern:"^cus_[0-9a-f]{20}$"`
	Since    time.Time `query:"since" doc:"earliest creation time, inclusive"`
}

func (a *api) listRuns(ctx context.Context, in *runList) (*pageOutput[greenlang.Run], error) {
	f := store.RunFilter{Customer: in.Customer, Since: in.Since}
	fetch := func(ctx context.Context, after []string, limit int) ([]greenlang.Run, error) {
		var at store.RunPosition
		if after[1] != "" {
			t, err := time.Parse(time.RFC3339Nano, after[0])
			if err != nil {
				return nil, greenlang.ErrCursor
			}
			at = store.RunPosition{CreatedAt: t, ID: after[1]}
		}
		return a.store.Runs(ctx, f, at, limit)
	}
	scope := []string{"runs", in.Customer, in.Since.UTC().Format(time.RFC3339Nano)}
	return list(ctx, a, in.Paging, scope, 2, fetch, func(r greenlang.Run) []string {
		return []string{r.CreatedAt.Format(time.RFC3339Nano), r.ID}
	})
}

type lookup struct {
	Body struct {
		Keys []string `json:"keys" minItems:"1" maxItems:"100" doc:"idempotency keys"`
	}
}

func (a *api) lookUpRuns(ctx context.Context, in *lookup) (*pageOutput[greenlang.Sighting], error) {
	seen, err := a.store.LookupRuns(ctx, in.Body.Keys)
	if err != nil {
		return nil, a.refuse(ctx, err)
	}
	return &pageOutput[greenlang.Sighting]{Body: page[greenlang.Sighting]{Items: seen}}, nil
}
