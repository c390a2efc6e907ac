package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/drill"
)

// Drills lists the drills and their reports, and runs them.
type Drills interface {
	// DrillCatalogue lists the drills that can be run, in the order to show them.
	DrillCatalogue(ctx context.Context) ([]DrillInfo, error)
	// DrillReports answers newest first with at most PageSize reports.
	DrillReports(ctx context.Context) ([]DrillReport, error)
	// DrillReport is one report; ErrNotFound when there is none of the id.
	DrillReport(ctx context.Context, id string) (DrillReport, error)
	// RunDrill starts a drill and answers with the id of its report.
	RunDrill(ctx context.Context, name, reason string) (id string, err error)
	// RecordDrill keeps the report of a drill that runs as it stands, under a number that grows
	// with each. A number that is known already changes nothing. It answers with the report as kept.
	// ErrRefused when another drill runs, or this one cannot run here.
	RecordDrill(ctx context.Context, sequence int, r drill.Report) (drill.Report, error)
}

// DrillRoutes list drills and their reports, run them, and record their reports.
func DrillRoutes(s Drills) func(huma.API) {
	return func(x huma.API) {
		MountList(x, "/v1/drills", s.DrillCatalogue)
		MountList(x, "/v1/drills/reports", s.DrillReports)
		huma.Get(x, "/v1/drills/reports/{id}", func(ctx context.Context, in *Identified) (*Out[DrillReport], error) {
			return Answer(s.DrillReport(ctx, in.ID))
		})
		huma.Post(x, "/v1/drills/{name}/run", func(ctx context.Context, in *struct {
			Name string `path:"name"`
			Body struct {
				Reason Reason `json:"reason" minLength:"1" maxLength:"1024"`
			}
		}) (*Out[Started], error) {
			return AnswerStarted(s.RunDrill(ctx, in.Name, string(in.Body.Reason)))
		})
		huma.Put(x, "/v1/drills/reports/{id}/{sequence}", func(ctx context.Context, in *struct {
			ID       string `path:"id"`
			Sequence int    `path:"sequence" minimum:"0"`
			Body     drill.Report
		}) (*Out[DrillReport], error) {
			if in.Body.ID != in.ID {
				return nil, huma.Error422UnprocessableEntity("the report's id is not the path's")
			}
			return Answer(s.RecordDrill(ctx, in.Sequence, in.Body))
		})
	}
}
