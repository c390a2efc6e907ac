package app

import (
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/state"
)

// counts returns what the state keeps of what was counted, by edges and from outside.
func (s *ServerApp) counts() (c evidence.Counts, err error) {
	if c.Days, err = state.List[evidence.Day](s.State, evidence.DayPrefix); err != nil {
		return c, err
	}
	c.Outside, err = state.List[evidence.OutsideDay](s.State, evidence.OutsidePrefix)
	return c, err
}
