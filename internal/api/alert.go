package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/evidence"
)

// Alerting lists the alerts, and tests the notifiers.
type Alerting interface {
	// Alerts are those that fire, and those resolved within a day, newest first.
	Alerts(ctx context.Context) ([]evidence.Alert, error)
	// TestNotifier sends an alert and its end; ErrRefused with the notifier's answer when
	// it does not take them, ErrNotFound when there is none of the name.
	TestNotifier(ctx context.Context, name, reason string) error
	// Acknowledge says that a person has seen to something that happened; ErrNotFound where
	// there is no such finding, ErrRefused where it is a condition, which ends with its cause.
	Acknowledge(ctx context.Context, finding, reason string) error
}

// AlertRoutes list alerts, test notifiers and acknowledge findings.
func AlertRoutes(s Alerting) func(huma.API) {
	return func(x huma.API) {
		MountList(x, "/v1/alerts", s.Alerts)
		huma.Post(x, "/v1/notifiers/{name}/test", func(ctx context.Context, in *struct {
			Name string `path:"name"`
			Body struct {
				Reason Reason `json:"reason" minLength:"1" maxLength:"1024"`
			}
		}) (*struct{}, error) {
			return AnswerNothing(s.TestNotifier(ctx, in.Name, string(in.Body.Reason)))
		})
		huma.Post(x, "/v1/findings/acknowledgements", func(ctx context.Context, in *struct {
			Body struct {
				Finding string `json:"finding" minLength:"1" maxLength:"512" doc:"code of the finding, '/', and its subject"`
				Reason  Reason `json:"reason" minLength:"1" maxLength:"1024"`
			}
		}) (*struct{}, error) {
			return AnswerNothing(s.Acknowledge(ctx, in.Body.Finding, string(in.Body.Reason)))
		})
	}
}
