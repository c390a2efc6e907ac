package console_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

var updateFlag = flag.Bool("update", false, "rewrite testdata/*.html from what the pages are now")

// TestPages compares every page, whole, with the one a person looked at.
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
			compareGolden(t, page.file, answer.Body.Bytes())
		})
	}
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
