package door

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/journal/archive"
)

// Shapes that are the core's own.
type (
	// ArchiveProbe is what was seen of the object store's locks.
	ArchiveProbe = archive.Probe
	// ArchiveAttempt is one way to break a lock, and what came of it.
	ArchiveAttempt = archive.Attempt
	// ArchivedPart is one part of the journal in the archive.
	ArchivedPart = archive.Stored
	// ArchiveFailure is why nothing can be archived.
	ArchiveFailure = archive.Failed
)

// Archive is where the journal is kept so that nobody can change it (rows 7.8.5, 7.2.3).
type Archive struct {
	Endpoint  string          `json:"endpoint"`
	Bucket    string          `json:"bucket"`
	Prefix    string          `json:"prefix,omitempty"`
	Embedded  bool            `json:"embedded" doc:"the object store is the installation's own"`
	Retention float64         `json:"retention_seconds" doc:"how long nobody can delete what is put there now"`
	Within    float64         `json:"within_seconds" doc:"longest time that an entry shall wait"`
	Archived  uint64          `json:"archived" doc:"entries from 0 on that are in the archive"`
	Waiting   uint64          `json:"waiting" doc:"entries that are signed and not archived yet"`
	Oldest    time.Time       `json:"oldest,omitzero" doc:"time of the first entry that waits"`
	Parts     uint64          `json:"parts"`
	Objects   uint64          `json:"objects"`
	Bytes     int64           `json:"bytes"`
	Last      *ArchivedPart   `json:"last,omitempty" doc:"the newest part"`
	LastAt    time.Time       `json:"last_at,omitzero"`
	LastIn    uint64          `json:"last_in,omitempty" doc:"index of its entry"`
	Pending   *api.Range      `json:"pending,omitempty" doc:"the part that is on its way"`
	Failure   *ArchiveFailure `json:"failure,omitempty" doc:"why nothing can be archived now"`
	FailureIn uint64          `json:"failure_in,omitempty"`
	Probe     *ArchiveProbe   `json:"probe,omitempty" doc:"the last probe that found out"`
	ProbeIn   uint64          `json:"probe_in,omitempty"`
	Unknown   *ArchiveProbe   `json:"unknown,omitempty" doc:"a later probe that could not find out"`
}

// PartEntry is a part with the entry that recorded it.
type PartEntry struct {
	ArchivedPart
	At    time.Time `json:"at"`
	Index uint64    `json:"index" doc:"of the entry"`
}

// Archives reads the archive, and tries the object store's locks.
type Archives interface {
	// Archive answers from the journal; it asks the object store nothing.
	Archive(ctx context.Context) (Archive, error)
	// ArchiveParts answers newest first with at most limit parts whose entries are below
	// before; 0 is the journal's size.
	ArchiveParts(ctx context.Context, before uint64, limit int) (api.Page[PartEntry], error)
	LockProber
}

// LockProber tries the object store's locks.
type LockProber interface {
	// ProbeArchive tries now, and answers with what it saw and the index of its entry.
	ProbeArchive(ctx context.Context) (ArchiveProbe, uint64, error)
}

type probeAnswer struct {
	ArchiveProbe
	Index uint64 `json:"index" doc:"of the entry"`
}

func mountArchive(x huma.API, s Archives) {
	huma.Get(x, "/v1/archive", func(ctx context.Context, _ *struct{}) (*api.Out[Archive], error) { return api.Answer(s.Archive(ctx)) })
	huma.Get(x, "/v1/archive/parts", func(ctx context.Context, in *struct {
		Before uint64 `query:"before" doc:"only parts whose entries are below this index"`
		Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
	}) (*api.Out[api.List[PartEntry]], error) {
		return api.AnswerList(s.ArchiveParts(ctx, in.Before, in.Limit))
	})
	huma.Post(x, "/v1/archive/probe", func(ctx context.Context, _ *struct{}) (*api.Out[probeAnswer], error) {
		v, index, err := s.ProbeArchive(ctx)
		return api.Answer(probeAnswer{v, index}, err)
	})
}
