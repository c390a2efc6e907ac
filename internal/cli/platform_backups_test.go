package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/recovery"
	recoverydoor "github.com/greenlang/fournines/internal/recovery/door"
)

const backupLabel = "20261130-020007F"

// Backups are one full, and one for each that was asked for.
func (p *platform) Backups(context.Context) ([]recoverydoor.RegionBackup, error) {
	set := func(label, kind, operation string) recoverydoor.RegionBackup {
		return recoverydoor.BackupOf("us-east-1", fact.Backup{Label: label, Kind: kind, Ended: p.begun, Size: 48 << 20, StoredItself: 4 << 20, Annotations: map[string]string{recovery.OperationNote: operation}})
	}
	out := []recoverydoor.RegionBackup{set(backupLabel, recovery.KindFull, "")}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.operations {
		if o.Kind == "backup full" || o.Kind == "backup incr" {
			out = append(out, set("20261130-090000F", o.Kind[len("backup "):], o.ID))
		}
	}
	return out, nil
}

func (p *platform) Backup(ctx context.Context, region, label string) (recoverydoor.BackupDetail, error) {
	all, err := p.Backups(ctx)
	i := slices.IndexFunc(all, func(b recoverydoor.RegionBackup) bool { return b.Region == region && b.Label == label })
	if i < 0 {
		return recoverydoor.BackupDetail{}, fmt.Errorf("backup %s of %s: %w", label, region, api.ErrNotFound)
	}
	return recoverydoor.BackupDetail{RegionBackup: all[i], Set: fact.Backup{Databases: []fact.BackupDatabase{{Name: "greenlang"}}}, Log: fact.WALChain{
		First: "000000010000000000000006", Last: "000000010000000000000009", Segments: 4, Stored: p.begun,
		Gaps: []fact.WALGap{{Timeline: 1, First: "00000001000000000000000A", Last: "00000001000000000000000A", Segments: 1, Why: "it is not stored"}},
	}}, err
}

func (p *platform) Recovery(context.Context) ([]recoverydoor.RecoveryStatus, error) {
	east := recovery.Restorable{Region: "us-east-1", Ready: true, Known: true, Reasons: []string{}, Backups: 1, Newest: backupLabel, NewestAt: p.begun, Until: p.begun.Add(time.Minute)}
	if p.is("gap") {
		east.Ready, east.Reasons = false, []string{"its stored log has a gap"}
	}
	if p.is("repository") {
		east = recovery.Restorable{Region: "us-east-1", Reasons: []string{"nobody knows whether it can be restored"}}
	}
	out := []recoverydoor.RecoveryStatus{
		{Restorable: east, Running: true, Progress: recoverydoor.ProgressOf(fact.BackupProgress{Files: 2, Done: 1 << 20, Total: 4 << 20, Elapsed: time.Second})},
		{Restorable: recovery.Restorable{Region: "us-west-2", Follows: "us-east-1", Reasons: []string{}}},
	}
	if p.is("two lead") {
		out[1].Follows = ""
	}
	return out, nil
}

func (p *platform) MakeBackup(ctx context.Context, region, kind, reason string) (string, error) {
	return p.operate(ctx, "", "backup "+kind, region, reason)
}

func (p *platform) Reach(_ context.Context, region string, to time.Time) (recovery.Reach, error) {
	r := recovery.Reach{Region: region, Target: to, Ready: true, Reasons: []string{}, Gaps: []fact.WALGap{}, Backup: backupLabel, Until: p.begun, Segments: 4, Earliest: p.begun.Add(-time.Hour)}
	if p.is("gap") {
		r.Ready, r.Reasons, r.Next = false, []string{"the log has a gap"}, p.begun.Add(time.Hour)
	}
	return r, nil
}
