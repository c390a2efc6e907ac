package console

import (
	"context"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// PageSize is the most rows a list shows at once (row 7.6.3).
const PageSize = api.PageSize

// Page is one page: where it is served, how it is loaded, what of it is drawn again when
// something changes, and what can be asked for there. [New] takes all pages.
type Page struct {
	Name    string   // of its template's file, and of its stream
	Pattern string   // address; {key} or {key...} is what it is about
	Section string   // which entry of the navigation is current
	Parts   []string // names of its live templates, each an element's id too
	Load    func(context.Context, Ask) (Sheet, error)
	// Templates holds templates/NAME.html, which defines "content" and the parts, and a file
	// for each panel. A template NAME-part is drawn alone for a page that is open already.
	Templates fs.FS
	Forms     []Form
	Panels    []Panel
	Raw       map[string]http.HandlerFunc // by pattern: answers that are no page, such as a download
	Nav       *Nav                        // nil: the navigation does not name it
	Palette   func(context.Context, api.Status) ([]Link, error)
	Rank      int // of its entries in the navigation and in the palette, the lowest first
}

// Ask is the request for a page.
type Ask struct {
	Key    string     // region, operation, drill report or entry; empty for a list
	Query  url.Values // filters
	Now    time.Time
	Status api.Status
}

// Sheet is what a loader answers: the page's title and the data of its template.
type Sheet struct {
	Title string
	Data  any
}

// Nav is an entry of the navigation. Its key follows g.
type Nav struct {
	Word, Key string
	Running   func(api.Status) int // how much of it runs now; nil: nobody counts
}

// Panel is a part of another page, which lets doors meet on one page that knows none of them.
// Its file, templates/NAME.html, defines templates that the other page has empty, and its data
// are .Panels.NAME there. The file is read for the page that brings the panel, too.
type Panel struct {
	On   string // name of the page
	Name string
	Load func(context.Context, Ask) (any, error)
}

// Link is one line of the palette: a page, or the place where a verb is reviewed. The palette
// never acts by itself.
type Link struct {
	Group   string // one of the groups below
	Word    string
	Hint    string // key, or the equal command
	Address string
}

// The groups of the palette, in their order.
const (
	GoTo    = "Go to"
	Do      = "Do"
	Running = "Running"
)

// mounted is a page with its templates parsed.
type mounted struct {
	Page
	tmpl   *template.Template
	panels []Panel // that others bring
}

// mount parses the templates of all pages. One that does not parse is a programmer's error and
// panics, at start.
func mount(pages []Page) map[string]mounted {
	base := parseBase()
	byName := make(map[string]mounted, len(pages))
	for _, p := range pages {
		m := mounted{Page: p, tmpl: parsePage(base, p.Templates, p.Name)}
		for _, own := range p.Panels {
			template.Must(m.tmpl.ParseFS(p.Templates, "templates/"+own.Name+".html"))
		}
		for _, other := range pages {
			for _, panel := range other.Panels {
				if panel.On == p.Name {
					template.Must(m.tmpl.ParseFS(other.Templates, "templates/"+panel.Name+".html"))
					m.panels = append(m.panels, panel)
				}
			}
		}
		m.Parts = append([]string{"sidebar", "pulse"}, p.Parts...)
		byName[p.Name] = m
	}
	return byName
}
