package wiring

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// Archive implements api.Archives.
func (w *Wiring) Archive(context.Context) (door.Archive, error) {
	st, err := w.archived()
	if err != nil {
		return door.Archive{}, err
	}
	_, signed := w.house.Journal.Checkpoint()
	out := door.Archive{
		Endpoint: st.Place.Endpoint, Bucket: st.Place.Bucket, Prefix: st.Place.Prefix, Embedded: w.house.Layout.EmbedsObjects(),
		Retention: w.archive.retention.Seconds(), Within: w.archive.limits.Age.Seconds(),
		Archived: st.Next, Waiting: archive.Backlog{Next: st.Next, Signed: signed}.Waiting(),
		Parts: st.Parts, Objects: st.Objects, Bytes: st.Bytes,
		Last: st.Last, LastAt: st.LastAt, LastIn: st.LastIn, Failure: st.Failed, FailureIn: st.FailedIn,
		Probe: st.Probe, ProbeIn: st.ProbeIn, Unknown: st.Unknown,
	}
	if out.Embedded {
		out.Endpoint = "https://" + w.house.Layout.ObjectsAddress()
	}
	if st.Pending != nil {
		out.Pending = &api.Range{First: st.Pending.First, Last: st.Pending.Next - 1}
	}
	if out.Waiting == 0 {
		return out, nil
	}
	records, err := w.house.Journal.Read(st.Next, 1)
	if err == nil && len(records) > 0 {
		out.Oldest = records[0].Time
	}
	return out, err
}

// ArchiveParts implements api.Archives.
func (w *Wiring) ArchiveParts(ctx context.Context, before uint64, limit int) (api.Page[door.PartEntry], error) {
	entries, err := w.options.Entries.Entries(ctx, api.EntryFilter{Kind: archive.StoredKind, Before: before, Limit: limit})
	page := api.Page[door.PartEntry]{Next: entries.Next}
	if err != nil {
		return page, err
	}
	for _, e := range entries.Items {
		p := door.PartEntry{At: e.Time, Index: e.Index}
		if p.ArchivedPart, err = archive.DecodeStored(e.Data); err != nil {
			return page, fmt.Errorf("entry %d: %w", e.Index, err)
		}
		if p.Place == w.archive.place {
			page.Items = append(page.Items, p)
		}
	}
	return page, nil
}

// ProbeArchive implements api.Prober.
func (w *Wiring) ProbeArchive(ctx context.Context) (door.ArchiveProbe, uint64, error) {
	if err := state.Dry(ctx); err != nil {
		return door.ArchiveProbe{}, 0, err
	}
	v, index, err := w.archive.prober.Once(ctx, true)
	if err != nil {
		return v, index, fmt.Errorf("it could not be found out whether the locks hold (entry %s): %w", strconv.FormatUint(index, 10), err)
	}
	return v, index, nil
}

// archiveFindings says what about the archive needs a person. It is asked often, and answers
// from the document alone.
func (w *Wiring) archiveFindings(now time.Time) []wing.Finding {
	a, err := w.archived()
	if err != nil {
		return []wing.Finding{compliance.ArchiveUnreadable(err, now)}
	}
	_, signed := w.house.Journal.Checkpoint()
	return compliance.ArchiveFindings(a, signed)
}
