package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/recovery"
	"github.com/greenlang/fournines/internal/recovery/door"
	"github.com/greenlang/fournines/internal/wing"
)

// Backups implements the door's Source: what was read last. A repository that nobody could read
// lately is an error, because its backups may be others by now.
func (w *Wiring) Backups(context.Context) ([]door.RegionBackup, error) {
	out := []door.RegionBackup{}
	now := w.house.Now()
	views, err := w.views()
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		if v.Lacks == "" && !v.Known(now) {
			return nil, fmt.Errorf("the repository of %s was not read lately, so its backups are unknown: %s", v.Region, v.Error)
		}
		for _, b := range v.Seen.Repository.Backups {
			out = append(out, door.BackupOf(v.Region, b))
		}
	}
	slices.SortStableFunc(out, func(a, b door.RegionBackup) int { return b.Ended.Compare(a.Ended) })
	return out, nil
}

// Backup implements the door's Source.
func (w *Wiring) Backup(ctx context.Context, region, label string) (door.BackupDetail, error) {
	r, err := w.repository(region)
	if err != nil {
		return door.BackupDetail{}, err
	}
	e, err := r.engine(ctx)
	if err != nil {
		return door.BackupDetail{}, err
	}
	b, err := e.Show(ctx, label)
	if errors.Is(err, pgbackrest.ErrNoBackup) {
		return door.BackupDetail{}, fmt.Errorf("%w: %w", wing.ErrNotFound, err)
	} else if err != nil {
		return door.BackupDetail{}, err
	}
	log, err := e.Chain(ctx, label, pgbackrest.Target{Kind: pgbackrest.Newest})
	return door.BackupDetail{RegionBackup: door.BackupOf(region, b), Set: b, Log: log}, err
}

// Recovery implements the door's Source.
func (w *Wiring) Recovery(context.Context) ([]door.RecoveryStatus, error) {
	views, err := w.views()
	out := []door.RecoveryStatus{}
	for _, v := range views {
		s := door.RecoveryStatus{Restorable: recovery.RestorableOf(v, w.house.Now()), Running: v.Busy}
		var x recovery.Wish
		found, bad := w.house.State.Get(recovery.WishPrefix+v.Region, &x)
		if err = errors.Join(err, bad); found {
			s.Progress = w.progress(x)
		}
		out = append(out, s)
	}
	return out, err
}

// progress is what a node told last of a backup that it makes; nil: nothing yet.
func (w *Wiring) progress(x recovery.Wish) *door.BackupProgress {
	j, _, known := w.Job(x)
	var p fact.BackupProgress
	if !known || j.State != fact.JobRunning || json.Unmarshal([]byte(j.Said), &p) != nil {
		return nil
	}
	return door.ProgressOf(p)
}

// Reach implements the door's Source.
func (w *Wiring) Reach(ctx context.Context, region string, to time.Time) (recovery.Reach, error) {
	r, err := w.repository(region)
	if err != nil {
		return recovery.Reach{}, err
	}
	return r.reach(ctx, to)
}

// MakeBackup implements the door's Source.
func (w *Wiring) MakeBackup(ctx context.Context, region, kind, reason string) (string, error) {
	v, err := w.View(region)
	if err != nil {
		return "", err
	}
	if v.Follows != "" {
		return "", fmt.Errorf("%w: the cluster of %s follows that of %s; back that one up, it has the same data", wing.ErrRefused, region, v.Follows)
	}
	id := wing.RequestID(ctx, "backup")
	_, err = w.house.Ask(ctx, id, recovery.KindBackup, recovery.Subject(region), reason, recovery.BackupArgs{Region: region, Kind: kind})
	return id, err
}
