package wiring

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state/statetest"
)

// A document that cannot be read fails every decision that may rest on it, and is never
// taken for one that is not there.
func TestNothingIsDecidedOnADocumentThatCannotBeRead(t *testing.T) {
	t.Parallel()
	const east = "us-east-1"
	asked := map[string]func(*Wiring) error{
		"view":     func(w *Wiring) error { _, err := w.PostgresView(place.Cluster(east, place.Postgres)); return err },
		"decide":   func(w *Wiring) error { _, err := w.decide(time.Now()); return err },
		"move":     func(w *Wiring) error { _, err := w.MoveView(east, "us-west-2"); return err },
		"homes":    func(w *Wiring) error { _, err := w.Homes(t.Context()); return err },
		"moving":   func(w *Wiring) error { _, err := w.moving(east); return err },
		"edge":     func(w *Wiring) error { _, err := w.Directive(t.Context(), east); return err },
		"desired":  func(w *Wiring) error { _, err := w.Desired(east, "a"); return err },
		"routes":   func(w *Wiring) error { _, err := w.Routes(t.Context()); return err },
		"findings": func(w *Wiring) error { _, err := w.findings(time.Now()); return err },
		"lift":     func(w *Wiring) error { return regions{w}.Lift(t.Context(), east) },
		"moved": func(w *Wiring) error {
			return regions{w}.Move(t.Context(), availability.Home{Region: east, Serving: "us-west-2"})
		},
	}
	for key, fails := range map[string]string{
		availability.HomePrefix + east:                              "move decide homes moving edge desired routes lift moved",
		availability.RegionPrefix + east:                            "move decide homes moving edge desired routes lift moved",
		availability.FencePrefix + east + "/a/postgres":             "view decide edge desired",
		availability.RestartPrefix + east + "/a/kafka":              "desired",
		availability.LossPrefix + "us-east-1>us-west-2":             "findings",
		availability.TopicLossPrefix + "us-east-1>us-west-2/orders": "findings",
		control.Prefix + "x":                                        "view decide move moving",
	} {
		t.Run(key, func(t *testing.T) {
			w, stop := opened(t, statetest.Shelf{key: []byte(`{"`)}, t.TempDir())
			defer stop()
			w.house.Facts.PutPostgres(east, func(p *fact.Postgres) { p.At = time.Now() })
			before := w.house.State.Applied()
			for name := range strings.FieldsSeq(fails) {
				if err := asked[name](w); err == nil || !strings.Contains(err.Error(), key) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if after := w.house.State.Applied(); after != before {
				t.Errorf("%d entries were written although nothing could be decided", after-before)
			}
		})
	}
}
