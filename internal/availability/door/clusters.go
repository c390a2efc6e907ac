package door

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
)

// Clusters moves what leads clusters, and restarts their members.
type Clusters interface {
	// Switchover moves the leader of a cluster to a candidate (a component id, or
	// empty for the best) and answers with the id of the operation.
	Switchover(ctx context.Context, cluster, candidate, reason string) (id string, err error)
	// RestartKafka restarts a region's brokers one after another, each only while the others
	// serve everything, and answers with the id of the operation. ErrNotFound where the region
	// runs no broker here, ErrRefused where one could not be lost now.
	RestartKafka(ctx context.Context, region, reason string) (id string, err error)
	// ResumeTopic copies a topic again that was set aside, and answers with the id of the operation.
	// ErrNotFound where no topics of the region are copied, ErrRefused where it waits for nothing.
	ResumeTopic(ctx context.Context, r ResumeRequest) (id string, err error)
}

// ResumeRequest asks to copy a topic again.
type ResumeRequest struct {
	Region string                      `json:"region" doc:"of the topic, not of its copy"`
	Topic  string                      `json:"topic" minLength:"1" maxLength:"249"`
	Skip   *availability.SkippedRecord `json:"skip,omitempty" doc:"go on without this record, which must be the first that the copy lacks"`
	Reason api.Reason                  `json:"reason" minLength:"1" maxLength:"1024"`
}

func mountClusters(x huma.API, all api.Platform, s Clusters) {
	api.MountList(x, "/v1/readiness", func(ctx context.Context) ([]api.Readiness, error) {
		status, err := all.Status(ctx)
		var out []api.Readiness
		for _, r := range status.Regions {
			out = append(out, r.Readiness...)
		}
		return out, err
	})
	huma.Post(x, "/v1/switchovers", func(ctx context.Context, in *struct {
		Body struct {
			Cluster   string     `json:"cluster"`
			Candidate string     `json:"candidate,omitempty"`
			Reason    api.Reason `json:"reason" minLength:"1" maxLength:"1024"`
		}
	}) (*api.Out[api.Started], error) {
		return api.AnswerStarted(s.Switchover(ctx, in.Body.Cluster, in.Body.Candidate, string(in.Body.Reason)))
	})
	huma.Post(x, "/v1/kafka/restarts", func(ctx context.Context, in *struct {
		Body struct {
			Region string     `json:"region"`
			Reason api.Reason `json:"reason" minLength:"1" maxLength:"1024"`
		}
	}) (*api.Out[api.Started], error) {
		return api.AnswerStarted(s.RestartKafka(ctx, in.Body.Region, string(in.Body.Reason)))
	})
	huma.Post(x, "/v1/kafka/resumptions", func(ctx context.Context, in *struct{ Body ResumeRequest }) (*api.Out[api.Started], error) {
		return api.AnswerStarted(s.ResumeTopic(ctx, in.Body))
	})
}
