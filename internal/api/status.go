package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
)

// Platform reads the current state of the platform. Like every source of a door, it is safe
// for concurrent use and answers within the context's deadline.
type Platform interface {
	// Status is the platform at a glance, with all declared regions.
	Status(ctx context.Context) (Status, error)
	// Region is one declared region; ErrNotFound when the spec has none of the name.
	Region(ctx context.Context, name string) (Region, error)
	// Tasks are the tasks in the background, by wing and name.
	Tasks(ctx context.Context) ([]TaskStatus, error)
}

// Changes tells when something changed.
type Changes interface {
	// Changes yields the newest journal index whenever something changed, until
	// ctx is done. It never blocks the producer: an index that was not taken in
	// time is replaced by a newer one.
	Changes(ctx context.Context) <-chan uint64
}

// PlatformRoutes are the platform at a glance, its regions, and the tasks in the background.
func PlatformRoutes(s Platform) func(huma.API) {
	return func(x huma.API) {
		huma.Get(x, "/v1/status", func(ctx context.Context, _ *struct{}) (*Out[Status], error) { return Answer(s.Status(ctx)) })
		huma.Get(x, "/v1/regions/{name}", func(ctx context.Context, in *Named) (*Out[Region], error) {
			return Answer(s.Region(ctx, in.Name))
		})
		MountList(x, "/v1/tasks", s.Tasks)
	}
}
