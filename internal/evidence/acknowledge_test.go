package evidence

import (
	"fmt"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

func TestAcknowledgementsAreBounded(t *testing.T) {
	t.Parallel()
	d := state.NewDocs()
	for i := range keepAcknowledged + 5 {
		e, err := Acknowledged.Entry("x", "", Acknowledgement{Finding: fmt.Sprintf("operation-failed/%d", i), At: time.Unix(int64(i), 0)})
		if err != nil {
			t.Fatal(err)
		}
		if err := FoldAcknowledged(d, journal.Record{Entry: e}); err != nil {
			t.Fatal(err)
		}
	}
	oldest, err := d.Get(acknowledgedPrefix+"operation-failed/4", &Acknowledgement{})
	newest, err2 := d.Get(acknowledgedPrefix+"operation-failed/5", &Acknowledgement{})
	if len(d.Keys(acknowledgedPrefix)) != keepAcknowledged || oldest || !newest || err != nil || err2 != nil {
		t.Error(len(d.Keys(acknowledgedPrefix)), oldest, newest, err, err2)
	}
}
