package app

import (
	"context"
	"errors"
	"time"

	"github.com/greenlang/fournines/internal/api"
	chaosdoor "github.com/greenlang/fournines/internal/chaos/door"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/records"
)

func (s *ServerApp) Status(_ context.Context) (api.Status, error) {
	now := time.Now()
	st := api.Status{Platform: s.Layout.Platform.Metadata.Name, Version: s.Version, At: now.UTC(), Faults: []api.Fault{}, Operations: []api.Operation{}}
	for _, r := range s.Layout.Platform.Spec.Regions {
		st.Regions = append(st.Regions, s.availability.RegionStatus(r, now))
	}
	st.Servers = s.server.Servers(now)
	var errs [5]error
	st.Availability, errs[0] = s.records.Availability(now)
	st.Pairs, errs[1] = s.availability.Pairs(now)
	faults, err := s.chaos.Active()
	errs[2] = err
	unfinished, err := control.Unfinished(s.State)
	errs[3] = err
	st.Recovery, errs[4] = s.recovery.Restorables(now)
	if err := errors.Join(errs[:]...); err != nil { // what is unknown is no empty list
		return st, err
	}
	for _, f := range faults {
		st.Faults = append(st.Faults, chaosdoor.FaultOf(f))
	}
	for _, o := range unfinished {
		st.Operations = append(st.Operations, records.OperationOf(o))
	}
	if st.Findings, err = s.findings(now); err != nil {
		return st, err
	}
	st.Journal = api.JournalHead(s.Journal.Head())
	return st, nil
}

func (s *ServerApp) Tasks(context.Context) ([]api.TaskStatus, error) { return s.tasks.All(), nil }
