package door

import (
	"context"
	"fmt"
	"strconv"

	"github.com/greenlang/fournines/internal/console"
)

// archiveSheet is where the journal is kept so that nobody can change it.
type archiveSheet struct {
	Archive
	Parts     []archivedPart
	Older     string // address of the next page of parts, or empty
	Size      string
	Retention string
	Held      int // attempts of the last probe at an object's own lock that held
	Tried     int
}

// archivedPart is one line of the list of parts.
type archivedPart struct {
	PartEntry
	Size string
}

func (p pages) archive(ctx context.Context, a console.Ask) (console.Sheet, error) {
	if err := console.OnlyFilters(a.Query, "before"); err != nil {
		return console.Sheet{}, err
	}
	before, err := console.ReadIndex("before", a.Query.Get("before"))
	if err != nil {
		return console.Sheet{}, err
	}
	s := archiveSheet{}
	if s.Archive, err = p.source.Archives.Archive(ctx); err != nil {
		return console.Sheet{}, fmt.Errorf("read archive: %w", err)
	}
	page, err := p.source.Archives.ArchiveParts(ctx, before, 20)
	if err != nil {
		return console.Sheet{}, fmt.Errorf("list archived parts: %w", err)
	}
	for _, p := range page.Items {
		s.Parts = append(s.Parts, archivedPart{p, console.Size(p.Bytes())})
	}
	if page.Next != "" {
		s.Older = "/archive?" + console.With(a.Query, "before", page.Next).Encode()
	}
	s.Size = console.Size(s.Archive.Bytes)
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
	return console.Sheet{Title: "Archive", Data: s}, nil
}
