package app

import (
	"context"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/wait"
)

// watchVerdicts judges once a minute whether each home could be moved, and records when
// the answer is another than before, so that it is known before it is needed (row 7.1.9).
func (s *ServerApp) watchVerdicts(ctx context.Context) {
	for wait.Sleep(ctx, blind); ctx.Err() == nil; wait.Sleep(ctx, availability.JudgeEvery) {
		homes, err := s.homes()
		if err != nil {
			s.Log.Error("no move is judged", "err", err)
		}
		for _, h := range homes {
			if err := s.judge(ctx, h); err != nil && ctx.Err() == nil {
				s.Log.Error("cannot record whether a home could be moved", "home", h.Name, "err", err)
			}
		}
	}
}

func (s *ServerApp) judge(ctx context.Context, h homeNow) error {
	view, err := s.MoveView(h.Name, h.other)
	if err != nil || view.Busy != "" {
		return err // it is being moved: the verdict comes after
	}
	v := availability.Judge(view, time.Now())
	before, err := s.verdict(h.Name)
	if err != nil || !v.Differs(before) {
		return err
	}
	return record(ctx, s, availability.HomeJudged, h.Name, v)
}

// verdict returns the newest recorded one; zero while there is none.
func (s *ServerApp) verdict(home string) (v availability.Verdict, err error) {
	_, err = s.State.Get(availability.VerdictPrefix+home, &v)
	return v, err
}
