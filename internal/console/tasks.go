package console

import (
	"context"
	"fmt"

	"github.com/greenlang/fournines/internal/api"
)

// taskRow is a task in the background, in words.
type taskRow struct {
	api.TaskStatus
	Tone, Shape, Word, Rhythm, Newest string
}

func (p platformPages) tasks(ctx context.Context, _ Ask) (Sheet, error) {
	all, err := p.Tasks(ctx)
	if err != nil {
		return Sheet{}, fmt.Errorf("read tasks: %w", err)
	}
	rows := make([]taskRow, 0, len(all))
	for _, t := range all {
		rows = append(rows, rowOf(t))
	}
	return Sheet{Title: "Tasks", Data: rows}, nil
}

// rowOf words how a task is doing. A task that has not ended once reports no success.
func rowOf(t api.TaskStatus) taskRow {
	r := taskRow{TaskStatus: t, Tone: "good", Shape: "disc", Word: "ok", Rhythm: "goes on"}
	switch {
	case t.Error != "":
		r.Tone, r.Shape, r.Word = "bad", "cross", "failing"
	case t.Began.IsZero():
		r.Tone, r.Shape, r.Word = "mute", "dash", "waiting"
	case t.Every == 0:
		r.Word = "running"
	case t.Rounds == 0:
		r.Tone, r.Shape, r.Word = "mute", "dash", "in its first round"
	}
	if t.Every > 0 {
		r.Rhythm = fmt.Sprintf("every %g s", t.Every)
	}
	if t.Rounds > 0 {
		r.Newest = fmt.Sprintf("%.3f s", t.Took)
	}
	return r
}
