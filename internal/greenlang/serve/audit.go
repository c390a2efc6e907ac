package serve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/kit/audit"
)

// AuditOptions say where the audit trail goes. Without a URL there is none.
type AuditOptions struct {
	URL       string // of the platform's server
	TokenFile string // with the application's token there
	Spool     string // directory of this instance alone
}

// trail takes events; it returns when they cannot be lost any more.
type trail interface {
	Record(ctx context.Context, e audit.Event) error
}

// openTrail opens the audit trail; nil when none is wanted.
func openTrail(o AuditOptions, log *slog.Logger) (*audit.Client, error) {
	if o.URL == "" {
		return nil, nil //nolint:nilnil // no trail is wanted
	}
	b, err := os.ReadFile(o.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("read audit token: %w", err)
	}
	return audit.Open(audit.Options{URL: o.URL, Token: strings.TrimSpace(string(b)), Dir: o.Spool, Log: log})
}

// What is audited is the management of the registry: customers, agents, and an agent's
// way along its lifecycle. Runs are not: they are what the registry holds, each is a row
// that is never changed, and drills make them by the thousand.
//
// An event is recorded after PostgreSQL has confirmed the change and before the answer.
// It is recorded again with a repeat of the request that comes within repeatable of the
// change: the event's id and content follow from the change alone, so a caller who
// repeats what was cut in between completes the trail, and never doubles it. There is one
// credential for the API, so the actor is always it.
const (
	apiActor   = "api"
	repeatable = time.Hour // less than the server remembers ids
)

func (a *api) audited(ctx context.Context, fresh bool, tenant, action, subject string, at time.Time, data any) error {
	if a.trail == nil || (!fresh && time.Since(at) > repeatable) {
		return nil
	}
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(action + "\x00" + subject + "\x00" + string(b)))
	err = a.trail.Record(ctx, audit.Event{
		ID: hex.EncodeToString(sum[:16]), Time: at, Tenant: tenant, Actor: apiActor, Action: action, Subject: subject, Data: b,
	})
	if err != nil {
		a.log.ErrorContext(ctx, "a change is not in the audit trail", "action", action, "subject", subject, "err", err)
		return unaudited(err)
	}
	return nil
}

// unaudited tells the caller that the change is made and that its record is not.
func unaudited(err error) error {
	why := "the audit trail does not take events now"
	if errors.Is(err, audit.ErrFull) {
		why = "the audit trail is full, because the platform's server has been away for too long"
	}
	p := problemOf(http.StatusServiceUnavailable, "unaudited", why+"; the change is made but not recorded: repeat the request, which is harmless")
	return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {"5"}})
}

// platformTenant is whose agents are: no customer's.
const platformTenant = "greenlang"

func (a *api) auditCustomer(ctx context.Context, c greenlang.Customer, created bool) error {
	return a.audited(ctx, created, c.Tenant, "customer.created", c.ID, c.CreatedAt, map[string]any{"plan": c.Plan, "home_region": c.HomeRegion, "cell": c.Cell})
}

func (a *api) auditAgent(ctx context.Context, g greenlang.Agent, created bool) error {
	return a.audited(ctx, created, platformTenant, "agent.registered", g.Name+"@"+g.Version, g.CreatedAt, map[string]any{"owner": g.Owner})
}

// auditMove is about a move that was made now or shortly before.
func (a *api) auditMove(ctx context.Context, g greenlang.Agent) error {
	return a.audited(ctx, false, platformTenant, "agent.moved", g.Name+"@"+g.Version, g.UpdatedAt, map[string]any{"owner": g.Owner, "lifecycle": g.Lifecycle})
}
