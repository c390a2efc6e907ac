package door

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/recovery"
	"github.com/greenlang/fournines/internal/spec"
)

// Source is what the door reads and asks; the wiring fills it.
type Source interface {
	// Backups are those of all regions that run here, the newest first.
	Backups(ctx context.Context) ([]RegionBackup, error)
	// Backup is one of them with all that its repository says of it; ErrNotFound.
	Backup(ctx context.Context, region, label string) (BackupDetail, error)
	// Recovery answers for each region whether it can be restored, and how far its backup is.
	Recovery(ctx context.Context) ([]RecoveryStatus, error)
	// Reach says whether a region can be restored to a moment; its zero value is as late as possible.
	Reach(ctx context.Context, region string, to time.Time) (recovery.Reach, error)
	// MakeBackup begins a backup of a region; a NoneOfError where the region does not run here,
	// ErrRefused where it has nowhere to go.
	MakeBackup(ctx context.Context, region, kind, reason string) (id string, err error)
}

// RegionBackup is one set of a region's repository.
type RegionBackup struct {
	Region    string    `json:"region"`
	Label     string    `json:"label"`
	Kind      string    `json:"kind" doc:"full: everything; incr: what has changed since the set before; diff"`
	Prior     string    `json:"prior,omitempty" doc:"the set that it continues, and needs"`
	Begun     time.Time `json:"begun"`
	Ended     time.Time `json:"ended" doc:"from then on it restores to any moment that its log reaches"`
	Size      int64     `json:"size_bytes" doc:"of the cluster"`
	Stored    int64     `json:"stored_bytes" doc:"that it takes itself in the repository, compressed and encrypted"`
	Damaged   bool      `json:"damaged" doc:"it holds pages whose checksum was wrong in the cluster"`
	Operation string    `json:"operation,omitempty" doc:"that made it"`
}

// BackupDetail is a backup with everything that its repository says of it.
type BackupDetail struct {
	RegionBackup
	Set fact.Backup   `json:"set"`
	Log fact.WALChain `json:"log" doc:"from the backup to the newest segment"`
}

// BackupOf is a set as people see it.
func BackupOf(region string, b fact.Backup) RegionBackup {
	return RegionBackup{
		Region: region, Label: b.Label, Kind: b.Kind, Prior: b.Prior, Begun: b.Begun, Ended: b.Ended, Size: b.Size, Stored: b.StoredItself,
		Damaged: b.Damaged, Operation: b.Annotations[recovery.OperationNote],
	}
}

// RecoveryStatus says whether a region can be restored, and how far the backup is that is made now.
type RecoveryStatus struct {
	recovery.Restorable
	Running  bool            `json:"running" doc:"a backup is under way"`
	Progress *BackupProgress `json:"progress,omitempty"`
}

// BackupProgress is how far a backup has come.
type BackupProgress struct {
	Files   int     `json:"files"`
	Done    int64   `json:"done_bytes" doc:"of the cluster, before compression"`
	Total   int64   `json:"total_bytes" doc:"0: unknown yet"`
	Rate    float64 `json:"bytes_per_second"`
	Left    float64 `json:"left_seconds" doc:"at this rate; 0: unknown"`
	Elapsed float64 `json:"elapsed_seconds"`
}

// ProgressOf is the progress of an engine as people see it.
func ProgressOf(p fact.BackupProgress) *BackupProgress {
	return &BackupProgress{Files: p.Files, Done: p.Done, Total: p.Total, Rate: p.Rate(), Left: p.Left().Seconds(), Elapsed: p.Elapsed.Seconds()}
}

// Routes list and make backups.
func Routes(s Source) func(huma.API) {
	return func(x huma.API) {
		api.MountList(x, "/v1/backups", s.Backups)
		api.MountList(x, "/v1/recovery", s.Recovery)
		huma.Get(x, "/v1/recovery/{region}/reach", func(ctx context.Context, in *struct {
			Region string    `path:"region" maxLength:"64"`
			To     time.Time `query:"to" doc:"the moment; absent: as late as possible"`
		}) (*api.Out[recovery.Reach], error) {
			return api.Answer(s.Reach(ctx, in.Region, in.To))
		})
		huma.Get(x, "/v1/backups/{region}/{label}", func(ctx context.Context, in *struct {
			Region string `path:"region" maxLength:"64"`
			Label  string `path:"label" maxLength:"64"`
		}) (*api.Out[BackupDetail], error) {
			return api.Answer(s.Backup(ctx, in.Region, in.Label))
		})
		huma.Post(x, "/v1/backups", func(ctx context.Context, in *struct {
			Body struct {
				Region string     `json:"region" maxLength:"64"`
				Kind   string     `json:"kind" doc:"full or incr"`
				Reason api.Reason `json:"reason" minLength:"1" maxLength:"1024"`
			}
		}) (*api.Out[api.Started], error) {
			if err := spec.Among("kind of backup", in.Body.Kind, recovery.BackupKinds()); err != nil {
				return nil, api.Problem(err)
			}
			return api.AnswerStarted(s.MakeBackup(ctx, in.Body.Region, in.Body.Kind, string(in.Body.Reason)))
		})
	}
}
