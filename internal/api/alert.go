package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
)

func mountAlerts(x huma.API, s Source, a Actions) {
	mountList(x, "/v1/alerts", s.Alerts)
	huma.Post(x, "/v1/notifiers/{name}/test", func(ctx context.Context, in *struct {
		Name string `path:"name"`
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"1024"`
		}
	}) (*struct{}, error) {
		if err := a.TestNotifier(ctx, in.Name, in.Body.Reason); err != nil {
			return nil, problem(err)
		}
		return nil, nil //nolint:nilnil // 204
	})
}
