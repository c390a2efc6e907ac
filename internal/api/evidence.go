package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/evidence"
)

// window is how long evidence looks back when nobody says.
const window = 30 * 24 * time.Hour

type evidenceQuery struct {
	From    time.Time `query:"from" doc:"begin of the window; 30 days before its end when absent"`
	To      time.Time `query:"to" doc:"end of the window; now when absent"`
	Region  string    `query:"region"`
	Service string    `query:"service"`
	Cell    int       `query:"cell" default:"-1" minimum:"-1" maximum:"9999" doc:"-1: all"`
	Of      string    `query:"of" default:"both" enum:"real,practice,both" doc:"which incidents and drills the figures count"`
}

func mountEvidence(x huma.API, s Source) {
	huma.Get(x, "/v1/evidence", func(ctx context.Context, in *evidenceQuery) (*out[Evidence], error) {
		if in.To.IsZero() {
			in.To = time.Now()
		}
		if in.From.IsZero() {
			in.From = in.To.Add(-window)
		}
		if !in.From.Before(in.To) {
			return nil, huma.Error422UnprocessableEntity("the window is empty: from " + in.From.Format(time.RFC3339) + " is not before to " + in.To.Format(time.RFC3339))
		}
		f := EvidenceFilter{From: in.From, To: in.To, Of: in.Of, Scope: evidence.Scope{Region: in.Region, Service: in.Service}}
		if in.Cell >= 0 {
			f.Scope.Cell = &in.Cell
		}
		return answer(s.Evidence(ctx, f))
	})
}
