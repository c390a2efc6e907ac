package console_test

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

var updateFlag = flag.Bool("update", false, "rewrite testdata/*.html from what the pages are now")

// TestPages compares what is in every page with what a person looked at. What is around it is
// the same for all (testdata/layout.html), so that an entry of the navigation changes one file.
func TestPages(t *testing.T) {
	t.Parallel()
	handler := newConsole(newFixture())
	for _, page := range []struct {
		file, address string
		status        int
	}{
		{"overview", "/", 200},
		{"region", "/regions/us-east-1", 200},
		{"region-declared", "/regions/eu-west-1", 200},
		{"fault", "/regions/us-east-1/fault?kind=zone-kill&target=us-east-1/a&seconds=30&reason=it%27s+a+test", 200},
		{"fault-missing", "/regions/us-east-1/fault?kind=postmaster-hang&target=us-east-1/a/redis&seconds=30&reason=x", 200},
		{"switchover", "/regions/us-east-1/switchover?cluster=us-east-1/postgres&reason=kernel+update", 200},
		{"switchover-nobody", "/regions/us-east-1/switchover?cluster=us-east-1/redis&reason=kernel+update", 200},
		{"switchover-stranger", "/regions/us-east-1/switchover?cluster=us-east-1/postgres&candidate=us-east-1/c/postgres&reason=x", 200},
		{"evacuation", "/evacuation", 200},
		{"evacuate", "/evacuation/us-east-1?mode=ungraceful&reason=fire&typed=us-east-1", 200},
		{"evacuate-nothing", "/evacuation/us-east-1", 200},
		{"evacuate-nobody", "/evacuation/us-west-2", 404},
		{"restore", "/evacuation/eu-west-1?mode=ungraceful&reason=power+is+back&typed=eu-west-1", 200},
		{"routing", "/routing", 200},
		{"route", "/routing/us-east-1?reason=maintenance", 200},
		{"route-last", "/routing/eu-central-1", 200},
		{"cells", "/cells", 200},
		{"operations", "/operations", 200},
		{"operations-none", "/operations?state=failed", 200},
		{"operation", "/operations/switchover/us-east-1/postgres/3", 200},
		{"operation-waiting", "/operations/failover/us-east-1/redis/2", 200},
		{"operation-undone", "/operations/switchover/us-east-1/postgres/2", 200},
		{"tasks", "/tasks", 200},
		{"drills", "/drills", 200},
		{"drill", "/drills/drill-0041", 200},
		{"drill-failed", "/drills/drill-0040", 200},
		{"evidence", "/evidence", 200},
		{"evidence-real-region", "/evidence?span=365d&of=real&region=us-east-1", 200},
		{"evidence-nonsense", "/evidence?span=9h", 400},
		{"journal", "/journal?before=12", 200},
		{"journal-range", "/journal?from=101&before=113", 200},
		{"entry", "/journal/251", 200},
		{"archive", "/archive", 200},
		{"archive-nonsense", "/archive?before=x", 400},
		{"entry-sealed", "/journal/230", 200},
		{"query", "/journal/query", 200},
		{"query-answer", "/journal/query?sql=select+index,+kind,+reason+from+entries+limit+2", 200},
		{"query-wrong", "/journal/query?sql=drop+table+%22entries%22", 200},
		{"palette", "/palette", 200},
		{"problem", "/nothing-here", 404},
	} {
		t.Run(page.file, func(t *testing.T) {
			t.Parallel()
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, page.address, nil))
			if answer.Code != page.status {
				t.Fatalf("GET %s answered %d, want %d:\n%s", page.address, answer.Code, page.status, answer.Body)
			}
			content, around := split(answer.Body.Bytes())
			compareGolden(t, page.file, content)
			if around != nil {
				compareGolden(t, "layout", around)
			}
		})
	}
}

// What the layout says of one page: its title, its stream, and where it stands in the navigation.
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

func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".html")
	if *updateFlag {
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
