package compliance_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
)

type here string

func (h here) JournalDir() string { return string(h) }

// keeps is a Recorder that keeps nothing.
type keeps struct{}

func (keeps) Record(_ context.Context, _ int, r drill.Report) (drill.Report, error) { return r, nil }

func find(t *testing.T, name string) drill.Drill {
	t.Helper()
	d, ok := drill.Find(compliance.Drills(), name)
	if !ok {
		t.Fatalf("no drill %s", name)
	}
	return d
}

// The drill runs beside a server that writes, and leaves its journal as it was.
func TestTheJournalTamperDrillFindsEveryChange(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "journal")
	j, err := journal.Options{SegmentBytes: 16_000, PublishEvery: 50 * time.Millisecond}.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	write := func(i int) {
		if _, err := j.Append(t.Context(), journal.Entry{Kind: "test.said", Subject: fmt.Sprint(i)}); err != nil {
			t.Error(err)
		}
	}
	for i := range 700 {
		write(i)
	}
	ctx, cancel := context.WithCancel(t.Context())
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		tick := time.NewTicker(100 * time.Millisecond)
		for i := 700; ; i++ {
			select {
			case <-tick.C:
				write(i)
			case <-ctx.Done():
				return
			}
		}
	}()
	r, err := find(t, "journal-tamper").Execute(t.Context(), drill.Env{ID: "tamper-1", Platform: here(dir), Recorder: keeps{}})
	cancel()
	<-wrote
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range r.Objectives {
		t.Logf("%s: %v %s", o.Name, o.Measured, o.Unit)
		if !o.Met && o.Unit == "count" { // how long something took is measured, not asserted
			t.Errorf("objective %s is missed: %+v", o.Name, o)
		}
	}
	for _, s := range r.Steps {
		t.Logf("%s: %s", s.Name, s.Detail)
		if s.State != "succeeded" {
			t.Errorf("step %s: %s", s.Name, s.Detail)
		}
	}
	if len(r.Objectives) != 7 {
		t.Errorf("%d objectives", len(r.Objectives))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Verify(t.Context(), dir, journal.VerifyOptions{}); err != nil {
		t.Errorf("the journal itself: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
