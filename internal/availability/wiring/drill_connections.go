package wiring

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
)

// exhaustion is a client that opens sessions and does nothing with them.
type exhaustion struct {
	sessions        []*pgx.Conn
	through, direct int
	refused         []string
}

// String implements fmt.Stringer.
func (x *exhaustion) String() string {
	return fmt.Sprintf("%d sessions through the edge and %d at the primary; refused: %v", x.through, x.direct, x.refused)
}

// Close implements availability.Exhaustion.
func (x *exhaustion) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), slowLook)
	defer cancel()
	for _, c := range x.sessions {
		_ = c.Close(ctx) // it is closed in any case
	}
	x.sessions = nil
}

// tooMany is SQLSTATE too_many_connections.
const tooMany = "53300"

// open opens sessions at an address until they are refused, and returns how many.
func (x *exhaustion) open(ctx context.Context, address, role, password string) (n int, err error) {
	config, err := pgx.ParseConfig("postgres://" + address + "/?sslmode=disable&application_name=fournines-drill&connect_timeout=10")
	if err != nil {
		return 0, err
	}
	config.User, config.Password, config.Database = role, password, role
	for ; n <= 2*postgres.MaxConnections; n++ {
		c, err := pgx.ConnectConfig(ctx, config)
		if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && refusal.Code == tooMany {
			x.refused = append(x.refused, address+": "+refusal.Message)
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("session %d at %s: %w", n+1, address, err)
		}
		x.sessions = append(x.sessions, c)
	}
	return n, fmt.Errorf("%s opened %d sessions for role %s and refused none: nothing bounds them", address, n, role)
}

// Exhaust implements availability.ConnectionPlatform.
func (p DrillPlatform) Exhaust(ctx context.Context, member string) (availability.Exhaustion, error) {
	x := &exhaustion{}
	at, err := fact.Component(member)
	if err != nil {
		return x, err
	}
	if x.through, err = x.open(ctx, p.Layout.EdgeAddress(at.Region, place.Postgres), place.GreenLang, p.Password); err != nil {
		return x, err
	}
	x.direct, err = x.open(ctx, p.Layout.Address(at.Region, at.Zone, place.Postgres), place.GreenLang, p.Password)
	return x, err
}

// Told implements availability.ConnectionPlatform.
func (p DrillPlatform) Told(ctx context.Context, code, subject string) (string, bool, error) {
	var s api.Status
	if err := p.Client.Call(ctx, http.MethodGet, "/v1/status", "", nil, &s); err != nil {
		return "", false, err
	}
	for _, f := range s.Findings {
		if f.Code == code && f.Subject == subject {
			return f.Text, true, nil
		}
	}
	return "", false, nil
}

// Begun implements availability.ConnectionPlatform.
func (p DrillPlatform) Begun(ctx context.Context, kind, cluster string, t time.Time) (n int, err error) {
	all, err := p.operations(ctx, kind, cluster)
	for _, o := range all {
		if o.Begun.After(t) {
			n++
		}
	}
	return n, err
}

// operations returns the newest operations of a kind on a cluster, the newest first.
func (p DrillPlatform) operations(ctx context.Context, kind, cluster string) ([]api.Operation, error) {
	var page client.Items[api.Operation]
	q := url.Values{"kind": {kind}, "subject": {cluster}, "limit": {"100"}}
	err := again(ctx, func() error { return p.Client.Call(ctx, http.MethodGet, "/v1/operations?"+q.Encode(), "", nil, &page) })
	return page.Items, err
}
