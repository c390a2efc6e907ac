package door

import (
	"context"
	"embed"
	"net/http"
	"net/url"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
)

//go:embed templates
var templates embed.FS

// pages are the wing's part of the console.
type pages struct {
	source  Source
	entries api.Journal
}

// Pages show the journal, its proofs and witnesses, its archive, and questions to it.
func Pages(s Source, entries api.Journal) []console.Page {
	p := pages{s, entries}
	return []console.Page{
		{
			Name: "journal", Pattern: "/journal", Section: "journal", Load: p.journal, Parts: []string{"journal-list"}, Templates: templates, Rank: 90,
			Nav:   &console.Nav{Word: "Journal", Key: "j"},
			Forms: []console.Form{{Pattern: "/journal/verify", Long: true, Do: p.verify}},
			Palette: links(
				console.Link{Group: console.GoTo, Word: "Journal", Hint: "g j", Address: "/journal"},
				console.Link{Group: console.Do, Word: "Verify the journal", Hint: "fournines journal verify", Address: "/journal#verify"},
			),
		},
		{
			Name: "entry", Pattern: "/journal/{key}", Section: "journal", Load: p.entry, Templates: templates,
			Forms: []console.Form{{Pattern: "/verbs/unseal", Page: "entry", Key: func(f url.Values) string { return f.Get("index") }, Do: p.unseal}},
			Raw:   map[string]http.HandlerFunc{"GET /journal/{index}/proof": p.proof},
		},
		{Name: "query", Pattern: "/journal/query", Section: "journal", Load: p.query, Templates: templates},
		{
			Name: "archive", Pattern: "/archive", Section: "journal", Load: p.archive, Parts: []string{"archive-figures", "archive-locks", "archive-parts"}, Templates: templates, Rank: 95,
			Palette: links(console.Link{Group: console.GoTo, Word: "Archive of the journal", Address: "/archive"}),
		},
	}
}

func links(all ...console.Link) func(context.Context, api.Status) ([]console.Link, error) {
	return func(context.Context, api.Status) ([]console.Link, error) { return all, nil }
}
