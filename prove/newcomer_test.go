//go:build prove

package prove

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/app"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/platformtest"
)

// newcomer writes over a new connection each time, through the edge: what hangs when a
// postmaster does, while sessions that are open go on.
type newcomer struct {
	address, password string
}

// Write implements drill.Writer. Each worker has a row of its own, so that one whose
// commit waits for a standby holds nobody else up.
func (w newcomer) Write(ctx context.Context, key string) error {
	worker := strings.Split(key, "-")
	p := postgres.Prober{Observer: "newcomer-" + worker[len(worker)-2], User: patroni.ProbeUser, Password: w.password, Database: "postgres"}
	writable, err := p.Probe(ctx, w.address)
	if err == nil && !writable {
		err = errors.New("the write did not commit")
	}
	return err
}

// Count implements drill.Writer, and refuses: each write replaces the one before.
func (w newcomer) Count(context.Context, []string) (map[string]int, error) {
	return nil, errors.New("newcomers keep no keys: nothing of theirs can be looked up")
}

// newcomers are a load that connects anew each 100 ms; one that waits for 2 s gives up.
func (r *region) newcomers(id string) *drill.Load {
	return &drill.Load{
		Writer: newcomer{r.layout.EdgeAddress(platformtest.Region, app.Postgres), r.secrets.Probe},
		Prefix: id, Every: 400 * time.Millisecond, Limit: 2 * time.Second, Worker: 4,
	}
}
