package wiring

import (
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/place"
)

// decideRegion returns what is due for a region's databases.
func (w *Wiring) decideRegion(region string, now time.Time) ([]control.Action, error) {
	moving, err1 := w.moving(region)
	if moving != "" && err1 == nil { // nobody else decides about its databases meanwhile
		return nil, nil
	}
	view, err2 := w.PostgresView(place.Cluster(region, place.Postgres))
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("nothing is decided about the databases of %s: %w", region, err)
	}
	out := availability.DecidePostgres(view, now)
	out = append(out, availability.DecideBound(view, now)...)
	if r := w.regions[region]; r.layout.Partner(r.spec).Name != "" {
		out = append(out, availability.DecideReserve(region, view, now)...)
	}
	return out, nil
}
