package api

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/drill"
)

// Recorder takes what a drill reports while it runs.
type Recorder interface {
	// RecordDrill keeps the report as it stands, under a number that grows with each.
	// A number that is known already changes nothing. It answers with the report as kept.
	RecordDrill(ctx context.Context, sequence int, r drill.Report) (drill.Report, error)
}

// Mount puts the API for programs on mux, with its document at /openapi.json.
func Mount(mux *http.ServeMux, version string, s Source, a Actions, r Recorder) {
	config := huma.DefaultConfig("fournines", version)
	config.DocsPath = "" // its page would load scripts from elsewhere
	config.Info.Description = "Operations of a multi-region platform: declare, operate, prove, predict."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	config.Security = []map[string][]string{{"token": {}}}
	x := huma.NewGroup(humago.New(mux, config))
	mountReads(x, s)
	mountLists(x, s)
	mountEvidence(x, s)
	mountProofs(x, s)
	mountWitnesses(x, s, a)
	mountAlerts(x, s, a)
	mountArchive(x, s, a)
	mountQuery(x, s)
	mountActions(x, a)
	mountHomes(x, s, a)
	mountKafka(x, s, a)
	mountDistances(x, s)
	mountObjects(x, s)
	mountDrills(x, s, a, r)
	mountPersons(x, s, a)
}

type out[T any] struct{ Body T }

type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"value of before for the next page; absent on the last"`
}

// answer turns a value and an error into what huma sends.
func answer[T any](v T, err error) (*out[T], error) {
	if err != nil {
		return nil, problem(err)
	}
	return &out[T]{v}, nil
}

// mountList answers a question that has no parameters with all there is.
func mountList[T any](x huma.API, path string, all func(context.Context) ([]T, error)) {
	huma.Get(x, path, func(ctx context.Context, _ *struct{}) (*out[list[T]], error) {
		v, err := all(ctx)
		return answer(list[T]{Items: nonNil(v)}, err)
	})
}

// problem gives an error the status that its kind has (RFC 9457).
func problem(err error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return huma.Error404NotFound(err.Error())
	case errors.Is(err, ErrRefused):
		return huma.Error409Conflict(err.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return huma.Error503ServiceUnavailable(err.Error())
	}
	return huma.Error500InternalServerError(err.Error())
}

type named struct {
	Name string `path:"name"`
}

type identified struct {
	ID string `path:"id"`
}

func mountReads(x huma.API, s Source) {
	huma.Get(x, "/v1/status", func(ctx context.Context, _ *struct{}) (*out[Status], error) { return answer(s.Status(ctx)) })
	huma.Get(x, "/v1/regions/{name}", func(ctx context.Context, in *named) (*out[Region], error) {
		return answer(s.Region(ctx, in.Name))
	})
	huma.Get(x, "/v1/readiness", func(ctx context.Context, _ *struct{}) (*out[list[availability.Readiness]], error) {
		status, err := s.Status(ctx)
		l := list[availability.Readiness]{Items: []availability.Readiness{}}
		for _, r := range status.Regions {
			l.Items = append(l.Items, r.Readiness...)
		}
		return answer(l, err)
	})
	huma.Get(x, "/v1/operations/{id}", func(ctx context.Context, in *identified) (*out[Operation], error) {
		return answer(s.Operation(ctx, in.ID))
	})
	huma.Post(x, "/v1/journal/verify", func(ctx context.Context, _ *struct{}) (*out[Verification], error) { return answer(s.Verify(ctx)) })
}

func mountLists(x huma.API, s Source) {
	mountList(x, "/v1/faults", s.Faults)
	mountList(x, "/v1/faults/kinds", func(context.Context) ([]FaultKind, error) { return FaultKinds(), nil })
	mountList(x, "/v1/tasks", s.Tasks)
	huma.Get(x, "/v1/operations", func(ctx context.Context, in *struct {
		State   string `query:"state"`
		Kind    string `query:"kind"`
		Subject string `query:"subject"`
		Before  string `query:"before"`
		Limit   int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
	}) (*out[list[Operation]], error) {
		p, err := s.Operations(ctx, OperationFilter(*in))
		return answer(list[Operation]{nonNil(p.Items), p.Next}, err)
	})
	huma.Get(x, "/v1/journal", func(ctx context.Context, in *struct {
		Kind      string `query:"kind" doc:"exact, or a prefix that ends in a dot"`
		Subject   string `query:"subject"`
		Operation string `query:"operation"`
		From      uint64 `query:"from"`
		Before    uint64 `query:"before"`
		Limit     int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
	}) (*out[list[Entry]], error) {
		p, err := s.Entries(ctx, EntryFilter(*in))
		return answer(list[Entry]{nonNil(p.Items), p.Next}, err)
	})
}

func nonNil[T any](v []T) []T {
	if v == nil {
		return []T{}
	}
	return v
}

type started struct {
	ID string `json:"id" doc:"of the operation, fault or drill that was begun"`
}

func mountActions(x huma.API, a Actions) {
	huma.Post(x, "/v1/faults", func(ctx context.Context, in *struct {
		Body struct {
			Kind    string  `json:"kind"`
			Target  string  `json:"target"`
			Seconds float64 `json:"seconds" minimum:"0.1" maximum:"600"`
			Reason  string  `json:"reason" minLength:"1" maxLength:"1024"`
		}
	}) (*out[started], error) {
		id, err := a.InjectFault(ctx, in.Body.Kind, in.Body.Target, time.Duration(in.Body.Seconds*float64(time.Second)), in.Body.Reason)
		return answer(started{id}, err)
	})
	huma.Delete(x, "/v1/faults/{id}", func(ctx context.Context, in *identified) (*struct{}, error) {
		if err := a.ClearFault(ctx, in.ID); err != nil {
			return nil, problem(err)
		}
		return nil, nil //nolint:nilnil // 204
	})
	huma.Post(x, "/v1/switchovers", func(ctx context.Context, in *struct {
		Body struct {
			Cluster   string `json:"cluster"`
			Candidate string `json:"candidate,omitempty"`
			Reason    string `json:"reason" minLength:"1" maxLength:"1024"`
		}
	}) (*out[started], error) {
		id, err := a.Switchover(ctx, in.Body.Cluster, in.Body.Candidate, in.Body.Reason)
		return answer(started{id}, err)
	})
	type decision struct {
		ID   string `path:"id"`
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"1024"`
		}
	}
	decide := func(path string, f func(context.Context, string, string) error) {
		huma.Post(x, path, func(ctx context.Context, in *decision) (*struct{}, error) {
			if err := f(ctx, in.ID, in.Body.Reason); err != nil {
				return nil, problem(err)
			}
			return nil, nil //nolint:nilnil // 204
		})
	}
	decide("/v1/operations/{id}/approve", a.Approve)
	decide("/v1/operations/{id}/deny", a.Deny)
}

func mountDrills(x huma.API, s Source, a Actions, r Recorder) {
	mountList(x, "/v1/drills", s.DrillCatalogue)
	mountList(x, "/v1/drills/reports", s.DrillReports)
	huma.Get(x, "/v1/drills/reports/{id}", func(ctx context.Context, in *identified) (*out[DrillReport], error) {
		return answer(s.DrillReport(ctx, in.ID))
	})
	huma.Post(x, "/v1/drills/{name}/run", func(ctx context.Context, in *struct {
		Name string `path:"name"`
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"1024"`
		}
	}) (*out[started], error) {
		id, err := a.RunDrill(ctx, in.Name, in.Body.Reason)
		return answer(started{id}, err)
	})
	huma.Put(x, "/v1/drills/reports/{id}/{sequence}", func(ctx context.Context, in *struct {
		ID       string `path:"id"`
		Sequence int    `path:"sequence" minimum:"0"`
		Body     drill.Report
	}) (*out[DrillReport], error) {
		if in.Body.ID != in.ID {
			return nil, huma.Error422UnprocessableEntity("the report's id is not the path's")
		}
		return answer(r.RecordDrill(ctx, in.Sequence, in.Body))
	})
}

// Authorized tells whether the request carries the token, as a bearer or in the
// console's cookie.
func Authorized(r *http.Request, token string) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		c, err := r.Cookie(Cookie)
		if err != nil {
			return false
		}
		given = c.Value
	}
	return subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
}

// Cookie is the name of the console's cookie.
const Cookie = "fournines"
