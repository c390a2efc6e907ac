package console

import (
	"context"
	"fmt"
	"strconv"

	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
)

// archiveSheet is where the journal is kept so that nobody can change it.
type archiveSheet struct {
	compliancedoor.Archive
	Parts     []archivedPart
	Older     string // address of the next page of parts, or empty
	Size      string
	Retention string
	Held      int // attempts of the last probe at an object's own lock that held
	Tried     int
}

// archivedPart is one line of the list of parts.
type archivedPart struct {
	compliancedoor.PartEntry
	Size string
}

func loadArchive(ctx context.Context, src Source, a ask) (sheet, error) {
	if err := onlyFilters(a.Query, "before"); err != nil {
		return sheet{}, err
	}
	before, err := readIndex("before", a.Query.Get("before"))
	if err != nil {
		return sheet{}, err
	}
	s := archiveSheet{}
	if s.Archive, err = src.Archive(ctx); err != nil {
		return sheet{}, fmt.Errorf("read archive: %w", err)
	}
	page, err := src.ArchiveParts(ctx, before, 20)
	if err != nil {
		return sheet{}, fmt.Errorf("list archived parts: %w", err)
	}
	for _, p := range page.Items {
		s.Parts = append(s.Parts, archivedPart{p, size(p.Bytes())})
	}
	if page.Next != "" {
		s.Older = "/archive?" + with(a.Query, "before", page.Next).Encode()
	}
	s.Size = size(s.Archive.Bytes)
	s.Retention = strconv.FormatFloat(s.Archive.Retention/86_400, 'f', -1, 64) + " days"
	if s.Probe != nil {
		for _, t := range s.Probe.Attempts {
			if t.DefaultRule {
				continue
			}
			s.Tried++
			if t.Held {
				s.Held++
			}
		}
	}
	return sheet{Title: "Archive", Data: s}, nil
}
