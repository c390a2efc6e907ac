//go:build prove

package prove

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/place"
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
	parts := strings.Split(key, "-") // PREFIX-WORKER-NUMBER
	worker, err := strconv.Atoi(parts[len(parts)-2])
	if err != nil {
		return err
	}
	// The workers tick together; each comes a little later than the one before.
	if err := until(ctx, time.Now().Add(time.Duration(worker)*comeEvery)); err != nil {
		return err
	}
	_, err = ask(ctx, w.password, w.address, "newcomer-"+strconv.Itoa(worker))
	return err
}

// Count implements drill.Writer, and refuses: each write replaces the one before.
func (w newcomer) Count(context.Context, []string) (map[string]int, error) {
	return nil, errors.New("newcomers keep no keys: nothing of theirs can be looked up")
}

const (
	comeEvery = 100 * time.Millisecond
	comers    = 4
)

// newcomers are a load that connects anew each 100 ms; one that waits for 2 s gives up.
func (r *region) newcomers(id string) *drill.Load {
	return &drill.Load{
		Writer: newcomer{r.layout.EdgeAddress(platformtest.Region, place.Postgres), r.secrets.Probe},
		Prefix: id, Every: comers * comeEvery, Limit: 2 * time.Second, Worker: comers,
	}
}
