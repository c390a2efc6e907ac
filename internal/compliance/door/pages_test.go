package door_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/console/consoletest"
)

func TestPages(t *testing.T) {
	t.Parallel()
	consoletest.Goldens(t, "", []consoletest.Golden{
		{File: "journal", Address: "/journal?before=12", Status: 200},
		{File: "journal-range", Address: "/journal?from=101&before=113", Status: 200},
		{File: "entry", Address: "/journal/251", Status: 200},
		{File: "archive", Address: "/archive", Status: 200},
		{File: "archive-nonsense", Address: "/archive?before=x", Status: 400},
		{File: "entry-sealed", Address: "/journal/230", Status: 200},
		{File: "query", Address: "/journal/query", Status: 200},
		{File: "query-answer", Address: "/journal/query?sql=select+index,+kind,+reason+from+entries+limit+2", Status: 200},
		{File: "query-wrong", Address: "/journal/query?sql=drop+table+%22entries%22", Status: 200},
	})
}

func TestVerbsAskNothing(t *testing.T) {
	t.Parallel()
	consoletest.Wrongs(t, []consoletest.Wrong{
		{Name: "unsealing without a reason", Address: "/verbs/unseal", Form: consoletest.Form("index", "230"), Status: 400, Words: "No reason is given"},
		{Name: "unsealing no entry", Address: "/verbs/unseal", Form: consoletest.Form("index", "x", "reason", "y"), Status: 400, Words: "no journal index"},
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	f := consoletest.New()
	if answer := consoletest.Post(f, "/journal/verify", nil); answer.Code != 200 || !strings.Contains(answer.Body.String(), f.Proof.Root) || !strings.Contains(answer.Body.String(), "The journal verifies") {
		t.Errorf("answered %d without the proof", answer.Code)
	}
	f.Proof = door.Verification{Size: 9, Problem: "entry 7 does not hash to its leaf", At: consoletest.Noon()}
	answer := consoletest.Post(f, "/journal/verify", nil)
	if !strings.Contains(answer.Body.String(), "does not verify") || !strings.Contains(answer.Body.String(), f.Proof.Problem) {
		t.Error("a broken journal is not said to be broken")
	}
}

// TestUnseal shows personal data in the answer, and under no address.
func TestUnseal(t *testing.T) {
	t.Parallel()
	f := consoletest.New()
	answer := consoletest.Post(f, "/verbs/unseal", consoletest.Form("index", "230", "reason", "request 17"))
	if body := answer.Body.String(); answer.Code != 200 || !strings.Contains(body, "ada@example.com") || strings.Contains(body, "/verbs/unseal") || answer.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("answered %d %v:\n%s", answer.Code, answer.Header(), body)
	}
	if !slices.Equal(f.Asked, []string{"unseal 230 request 17"}) {
		t.Errorf("asked %q", f.Asked)
	}
	f.Refuse = fmt.Errorf("entry 230 holds nothing: %w", api.ErrRefused)
	if answer := consoletest.Post(f, "/verbs/unseal", consoletest.Form("index", "230", "reason", "again")); answer.Code != http.StatusConflict || strings.Contains(answer.Body.String(), "ada@") || !strings.Contains(answer.Body.String(), `value="again"`) {
		t.Errorf("a refusal answered %d:\n%s", answer.Code, answer.Body)
	}
}
