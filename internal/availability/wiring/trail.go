package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/kit/audit"
)

// trailWriter records audit events the way applications do, and finds them in the journal
// again the way people do.
type trailWriter struct {
	send *client.Client // with the application's token
	read *client.Client
}

// Write implements drill.Writer. The event's id is the key, so that it may be sent again
// until some server has recorded it.
func (w *trailWriter) Write(ctx context.Context, key string) error {
	e := audit.Event{ID: key, Time: time.Now().UTC(), Tenant: "drill", Actor: "drill", Action: "drill.noted"}
	for {
		var a audit.Answer
		err := w.send.Call(ctx, http.MethodPost, "/v1/audit", key, audit.Batch{Events: []audit.Event{e}}, &a)
		switch {
		case err == nil && len(a.Results) == 1 && a.Results[0].Error == nil:
			return nil
		case err == nil && len(a.Results) == 1:
			return errors.New(a.Results[0].Error.Detail)
		case !client.Away(err):
			return err
		}
		if wait.Sleep(ctx, 50*time.Millisecond); ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
	}
}

// Count implements drill.Writer: it reads every audit event.
func (w *trailWriter) Count(ctx context.Context, keys []string) (map[string]int, error) {
	wanted := map[string]bool{}
	for _, k := range keys {
		wanted[k] = true
	}
	out := map[string]int{}
	for before := ""; ; {
		q := url.Values{"kind": {ingest.Audit.Name}, "limit": {"100"}}
		if before != "" {
			q.Set("before", before)
		}
		var page struct {
			Items []struct {
				Operation string          `json:"operation"`
				Data      json.RawMessage `json:"data"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := again(ctx, func() error { return w.read.Call(ctx, http.MethodGet, "/v1/journal?"+q.Encode(), "", nil, &page) }); err != nil {
			return nil, err
		}
		for _, e := range page.Items {
			if wanted[e.Operation] {
				out[e.Operation]++
			}
		}
		if before = page.Next; before == "" {
			return out, nil
		}
	}
}

// Servers implements availability.ServerPlatform.
func (p DrillPlatform) Servers(ctx context.Context) ([]availability.ServerLook, error) {
	var s api.Status
	if err := p.Client.Call(ctx, http.MethodGet, "/v1/status", "", nil, &s); err != nil {
		return nil, err
	}
	var out []availability.ServerLook
	for _, v := range s.Servers {
		look := availability.ServerLook{Name: v.Name, Leads: v.Role == api.Leads}
		if v.Health != api.Healthy {
			look.Trouble = fmt.Sprintf("it is %s (%s)", v.Health, v.Detail)
		}
		out = append(out, look)
	}
	return out, nil
}
