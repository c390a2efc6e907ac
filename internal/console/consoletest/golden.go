package consoletest

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/*.html from what the pages are now")

// Golden is a page, and the file below testdata, without .html, that it is compared with.
type Golden struct {
	File, Address string
	Status        int
}

// Goldens compares the content of every page with a golden that a person has reviewed. The
// layout around all pages is one golden, layout, so that a new entry of the navigation changes
// one file.
func Goldens(t *testing.T, layout string, pages []Golden) {
	t.Helper()
	handler := Console(New())
	for _, page := range pages {
		t.Run(page.File, func(t *testing.T) {
			t.Parallel()
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, page.Address, nil))
			if answer.Code != page.Status {
				t.Fatalf("GET %s answered %d, want %d:\n%s", page.Address, answer.Code, page.Status, answer.Body)
			}
			content, around := split(answer.Body.Bytes())
			compare(t, page.File, content)
			if around != nil && layout != "" {
				compare(t, layout, around)
			}
		})
	}
}

// The layout's data of one page: its title, its stream, and its place in the navigation.
var ofOnePage = regexp.MustCompile(`<title>.*</title>|(?:href="[^"]*" data-key="."|href="[^"]*") aria-current="page"| hx-sse:connect="[^"]*" hx-swap="none"`)

// split parts a page into its content, with what the layout says of it above, and the layout
// without these. A page that is not in the layout is all content.
func split(page []byte) (content, around []byte) {
	const opens, closes = `<main id="main" tabindex="-1">`, `</main>`
	from, to := bytes.Index(page, []byte(opens)), bytes.LastIndex(page, []byte(closes))
	if from < 0 || to < from {
		return page, nil
	}
	// The first line in it sums the platform up, on every page.
	if _, rest, ok := bytes.Cut(page[from:to], []byte("</p>\n")); ok {
		from = to - len(rest)
	}
	around = append(append(bytes.Clone(page[:from]), "<!-- the page -->\n"...), page[to:]...)
	for _, said := range ofOnePage.FindAll(around, -1) {
		content = append(append(append(content, "<!-- "...), bytes.TrimSpace(said)...), " -->\n"...)
	}
	around = ofOnePage.ReplaceAllFunc(around, func(said []byte) []byte {
		link, _, _ := bytes.Cut(said, []byte(` aria-current`))
		if bytes.HasPrefix(link, []byte("href")) {
			return link
		}
		return nil
	})
	return append(content, page[from:to]...), around
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".html")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read golden page (go test -update writes it): %v", err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs from %s at byte %d: look at the page, then go test -update\n%s", name, path, differAt(got, want), around(got, differAt(got, want)))
	}
}

func differAt(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func around(page []byte, at int) []byte { return page[max(0, at-120):min(len(page), at+120)] }
