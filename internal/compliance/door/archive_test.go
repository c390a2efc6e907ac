package door_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/console/consoletest"
)

// troubled is an archive that cannot be written, in a store whose locks broke.
type troubled struct{ *consoletest.Fixture }

func (f troubled) Archive(ctx context.Context) (door.Archive, error) {
	a, err := f.Fixture.Archive(ctx)
	a.Failure, a.FailureIn = &door.ArchiveFailure{Since: consoletest.Noon().Add(-time.Hour), Kind: "conflict", Error: "the key holds another content."}, 77
	a.Probe.Holds, a.Probe.Attempts[0].Held = false, false
	a.Unknown = &door.ArchiveProbe{At: consoletest.Noon().Add(-time.Minute), Error: "connection refused"}
	return a, err
}

func TestAnArchiveInTroubleSaysSo(t *testing.T) {
	t.Parallel()
	f := consoletest.New()
	source := consoletest.Compliance(f)
	source.Archives = troubled{f}
	handler := consoletest.ConsoleOf(f, door.Pages(source, f))
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/archive", nil))
	page := answer.Body.String()
	for _, want := range []string{"Nothing can be archived", "(conflict)", "the key holds another content.", `href="/journal/77"`, "1 of 2 ways broke a lock", "broken", "A later probe could not find out", "connection refused"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if answer.Code != http.StatusOK {
		t.Fatalf("%d\n%s", answer.Code, page)
	}
}
