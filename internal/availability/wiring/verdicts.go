package wiring

import (
	"context"
	"errors"
	"fmt"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/wing"
)

// judgeAll judges whether each home could be moved, and records when the answer is another
// than before, so that it is known before it is needed (row 7.1.9).
func (w *Wiring) judgeAll(ctx context.Context) error {
	homes, err := w.homes()
	if err != nil {
		return err
	}
	var errs []error
	for _, h := range homes {
		if err := w.judge(ctx, h); err != nil {
			errs = append(errs, fmt.Errorf("judge whether the customers of %s can be moved: %w", h.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (w *Wiring) judge(ctx context.Context, h homeNow) error {
	view, err := w.MoveView(h.Name, h.other)
	if err != nil || view.Busy != "" || view.Leading != "" {
		return err // it is being moved, or its lead is: the verdict comes after
	}
	v := availability.Judge(view, w.house.Now())
	before, err := w.verdict(h.Name)
	if err != nil || !v.Differs(before) {
		return err
	}
	return wing.Record(ctx, w.house, availability.HomeJudged, h.Name, v)
}

// verdict returns the newest recorded one; zero while there is none.
func (w *Wiring) verdict(home string) (v availability.Verdict, err error) {
	_, err = w.house.State.Get(availability.VerdictPrefix+home, &v)
	return v, err
}
