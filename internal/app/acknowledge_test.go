package app

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal/witness"
	"github.com/greenlang/fournines/internal/wing"
)

// What happened is told until a person has seen to it, however long that takes and over restarts; what
// lasts cannot be talked away.
func TestEventsAreToldUntilAPersonHasSeenThem(t *testing.T) {
	t.Parallel()
	a := newSite(t, "")
	ctx := wing.WithActor(t.Context(), "ada")
	lose := func(number int64) {
		t.Helper()
		loss := availability.MirrorLoss{From: "us-east-1", To: "us-west-2", Numbers: []int64{number}}
		if err := wing.Record(ctx, a.s.House, availability.MirrorLost, "us-east-1>us-west-2", loss); err != nil {
			t.Fatal(err)
		}
	}
	const lost, seen = "mirror-lost/us-east-1/kafka", "acknowledge mirror-lost/us-east-1/kafka"
	told := func(age time.Duration) (found bool) {
		t.Helper()
		all, err := a.s.findings(time.Now().Add(age))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if f.Key() == lost {
				found = true
				if !f.Event || !strings.Contains(f.Text, seen) {
					t.Errorf("%+v", f)
				}
			}
		}
		return found
	}
	if err := a.s.alerts.Acknowledge(ctx, lost, "because"); !errors.Is(err, wing.ErrNotFound) {
		t.Errorf("before it happened: %v", err)
	}
	lose(1)
	if !told(0) || !told(1000*time.Hour) {
		t.Error("a loss is not told")
	}
	if err := a.s.alerts.Acknowledge(ctx, "mirror-lost", "because"); !errors.Is(err, wing.ErrNotFound) || !strings.Contains(err.Error(), lost) {
		t.Errorf("half a name: %v", err)
	}
	if err := a.s.alerts.Acknowledge(ctx, lost, "copied by hand"); err != nil {
		t.Fatal(err)
	}
	if told(0) {
		t.Error("it is told after it was seen to")
	}
	a.stop()
	a.start()
	if told(0) {
		t.Error("it is told again after a restart")
	}
	lose(2)
	if !told(0) {
		t.Error("another loss is not told")
	}

	trouble := compliance.Trouble{Trouble: witness.Contradicted, Witness: "w", Since: time.Now()}
	if err := wing.Record(ctx, a.s.House, compliance.TroubleRaised, "w", trouble); err != nil {
		t.Fatal(err)
	}
	if err := a.s.alerts.Acknowledge(ctx, "witness-contradicted/w", "because"); !errors.Is(err, wing.ErrRefused) {
		t.Errorf("what lasts: %v", err)
	}
	entries, err := a.s.records.Entries(ctx, api.EntryFilter{Kind: evidence.Acknowledged.Name, Limit: 10})
	if err != nil || len(entries.Items) != 1 || entries.Items[0].Actor != "ada" || entries.Items[0].Reason != "copied by hand" {
		t.Errorf("%+v %v", entries.Items, err)
	}
}
