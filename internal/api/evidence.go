package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/evidence"
)

// window is how long evidence looks back when nobody says.
const window = 30 * 24 * time.Hour

// Below tells whether a share is known and below a target.
func Below(share *float64, target float64) bool { return evidence.Below(share, target) }

type evidenceQuery struct {
	From    time.Time `query:"from" doc:"begin of the window; 30 days before its end when absent"`
	To      time.Time `query:"to" doc:"end of the window; now when absent"`
	Region  string    `query:"region" doc:"one that the platform declares; any other is refused with 422"`
	Service string    `query:"service" doc:"one that was counted; any other is refused with 422"`
	Cell    int       `query:"cell" default:"-1" minimum:"-1" maximum:"9999" doc:"-1: all; a cell that the platform does not have is refused with 422"`
	Of      string    `query:"of" default:"both" enum:"real,practice,both" doc:"which incidents and drills the figures count"`
}

// Figures computes figures from the journal.
type Figures interface {
	// Evidence answers for a window and a scope.
	Evidence(ctx context.Context, f EvidenceFilter) (Evidence, error)
}

// EvidenceFilter is a window and a scope; empty fields mean all.
type EvidenceFilter struct {
	From, To time.Time
	Scope    evidence.Scope
	Of       string // evidence.Real, Practice or Both
}

// EvidenceRoutes answer what the journal proves of a window.
func EvidenceRoutes(s Figures) func(huma.API) {
	return func(x huma.API) {
		huma.Get(x, "/v1/evidence", func(ctx context.Context, in *evidenceQuery) (*Out[Evidence], error) {
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
			return Answer(s.Evidence(ctx, f))
		})
	}
}
