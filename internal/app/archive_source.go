package app

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/greenlang/fournines/internal/api"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/journal/archive"
)

// Archive implements api.Archives.
func (s *ServerApp) Archive(context.Context) (compliancedoor.Archive, error) {
	st, err := s.archived()
	if err != nil {
		return compliancedoor.Archive{}, err
	}
	_, signed := s.Journal.Checkpoint()
	out := compliancedoor.Archive{
		Endpoint: st.Place.Endpoint, Bucket: st.Place.Bucket, Prefix: st.Place.Prefix, Embedded: s.Layout.EmbedsObjects(),
		Retention: s.archive.retention.Seconds(), Within: s.archive.limits.Age.Seconds(),
		Archived: st.Next, Waiting: archive.Backlog{Next: st.Next, Signed: signed}.Waiting(),
		Parts: st.Parts, Objects: st.Objects, Bytes: st.Bytes,
		Last: st.Last, LastAt: st.LastAt, LastIn: st.LastIn, Failure: st.Failed, FailureIn: st.FailedIn,
		Probe: st.Probe, ProbeIn: st.ProbeIn, Unknown: st.Unknown,
	}
	if out.Embedded {
		out.Endpoint = "https://" + s.Layout.ObjectsAddress()
	}
	if st.Pending != nil {
		out.Pending = &api.Range{First: st.Pending.First, Last: st.Pending.Next - 1}
	}
	if out.Waiting == 0 {
		return out, nil
	}
	records, err := s.Journal.Read(st.Next, 1)
	if err == nil && len(records) > 0 {
		out.Oldest = records[0].Time
	}
	return out, err
}

// ArchiveParts implements api.Archives.
func (s *ServerApp) ArchiveParts(ctx context.Context, before uint64, limit int) (api.Page[compliancedoor.PartEntry], error) {
	entries, err := s.Entries(ctx, api.EntryFilter{Kind: archive.StoredKind, Before: before, Limit: limit})
	page := api.Page[compliancedoor.PartEntry]{Next: entries.Next}
	if err != nil {
		return page, err
	}
	for _, e := range entries.Items {
		p := compliancedoor.PartEntry{At: e.Time, Index: e.Index}
		if p.ArchivedPart, err = archive.DecodeStored(e.Data); err != nil {
			return page, fmt.Errorf("entry %d: %w", e.Index, err)
		}
		if p.Place == s.archive.place {
			page.Items = append(page.Items, p)
		}
	}
	return page, nil
}

func (s *ServerApp) ProbeArchive(ctx context.Context) (compliancedoor.ArchiveProbe, uint64, error) {
	v, index, err := s.archive.prober.Once(ctx, true)
	if err != nil {
		return v, index, fmt.Errorf("it could not be found out whether the locks hold (entry %s): %w", strconv.FormatUint(index, 10), err)
	}
	return v, index, nil
}

// archiveFindings says what about the archive needs a person.
func (s *ServerApp) archiveFindings(now time.Time) []api.Finding {
	a, err := s.archived() // asked often: from the document alone
	if err != nil {
		return []api.Finding{{Code: "archive-unreadable", Severity: "warning", Title: "nobody can tell what is archived", Text: err.Error(), Since: now, Command: "fournines archive status"}}
	}
	var out []api.Finding
	if f := a.Failed; f != nil {
		_, signed := s.Journal.Checkpoint()
		out = append(out, api.Finding{
			Code: "archive-failed", Severity: "warning", Title: "the archive cannot be written (" + f.Kind + ")", Subject: a.Place.Bucket, Since: f.Since,
			Text: fmt.Sprintf("%d entries wait in the log; nothing is lost. %s", archive.Backlog{Next: a.Next, Signed: signed}.Waiting(), f.Error), Command: "fournines archive status",
		})
	}
	if p := a.Probe; p != nil && !p.Holds {
		out = append(out, api.Finding{
			Code: "locks-broken", Severity: "critical", Title: "the object store's locks do not hold", Subject: a.Place.Bucket, Since: p.At,
			Text: "A probe could break a lock that was given with its object. Nothing more is archived there.", Command: "fournines archive status",
		})
	}
	return out
}
