package records

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/evidence"
)

func TestOperationsThatNeedAPerson(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		state string
		want  string
	}{
		{control.Waiting, evidence.Critical},
		{control.Running, ""},
		{control.Succeeded, ""},
		{control.Failed, evidence.Warning},
		{control.RolledBack, evidence.Warning},
	} {
		o := control.Operation{Action: control.Action{Key: "k", Kind: "x.y", Subject: "s"}, State: c.state, Error: "why"}
		f, needs := unsettled(o)
		if needs != (c.want != "") || needs && (f.Severity != c.want || f.Subject != "k" || f.Command == "") {
			t.Errorf("%s: %v %+v", c.state, needs, f)
		}
	}
}

// What must be taken back and cannot yet is told as long as it lasts, and so is the way out.
func TestWhatCannotBeTakenBackYet(t *testing.T) {
	t.Parallel()
	for may, want := range map[bool]bool{true: true, false: false} {
		f := insisting(control.Trouble{Key: "k", Kind: "x.y", Subject: "s", What: "undo fence", Error: "the disk is full", Since: time.Now(), May: may})
		if f.Severity != evidence.Critical || f.Subject != "k" || !strings.Contains(f.Title, "undo fence") || !strings.Contains(f.Text, "the disk is full") || strings.Contains(f.Text, "fournines deny k") != want {
			t.Errorf("%+v", f)
		}
	}
}

func TestHalfTheErrorBudget(t *testing.T) {
	t.Parallel()
	for left, want := range map[float64]bool{1: false, 0.5: false, 0.49: true, -3: true} {
		if _, got := spent(api.Availability{RemainingRatio: &left}); got != want {
			t.Errorf("%v left: %v", left, got)
		}
	}
	if _, got := spent(api.Availability{}); got {
		t.Error("nothing was counted, and half of the budget is spent")
	}
}
