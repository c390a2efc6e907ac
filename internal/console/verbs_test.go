package console_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/console"
)

// post sends a form as a browser does from a page of the console.
func post(f *fixture, address string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer := httptest.NewRecorder()
	newConsole(f).ServeHTTP(answer, r)
	return answer
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, address string
		form          url.Values
		asked, leads  string
	}{
		{"drill", "/verbs/drill", form("name", "zone-loss", "reason", " monthly "), "drill zone-loss monthly", "/drills/drill-0042"},
		{"fault", "/verbs/fault", form("kind", "zone-kill", "target", "us-east-1/a", "seconds", "30", "reason", "test"), "inject zone-kill us-east-1/a 30s test", "/regions/us-east-1#region-faults"},
		{"clear", "/verbs/clear-fault", form("id", "fault-7", "target", "us-east-1/c/greenlang"), "clear fault-7", "/regions/us-east-1#region-faults"},
		{"switchover", "/verbs/switchover", form("cluster", "us-east-1/postgres", "candidate", "us-east-1/b/postgres", "reason", "kernel"), "switchover us-east-1/postgres us-east-1/b/postgres kernel", "/operations/switchover/us-east-1/postgres/7"},
		{"evacuate", "/verbs/evacuate", form("region", "us-east-1", "mode", "ungraceful", "typed", "us-east-1", "reason", "fire"), "evacuate us-east-1 ungraceful fire", "/operations/evacuate-1"},
		{"restore", "/verbs/restore", form("region", "eu-west-1", "typed", "eu-west-1", "reason", "power is back"), "restore eu-west-1 power is back", "/operations/restore-1"},
		{"route", "/verbs/route", form("region", "us-west-2", "to", "on", "reason", "done"), "route us-west-2 true done", "/routing"},
		{"approve", "/verbs/approve", form("id", "failover/us-east-1/redis/2", "reason", "yes"), "approve failover/us-east-1/redis/2 yes", "/operations/failover/us-east-1/redis/2"},
		{"deny", "/verbs/deny", form("id", "failover/us-east-1/redis/2", "reason", "no"), "deny failover/us-east-1/redis/2 no", "/operations/failover/us-east-1/redis/2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture()
			answer := post(f, c.address, c.form)
			if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != c.leads {
				t.Errorf("answered %d to %q, want 303 to %q", answer.Code, answer.Header().Get("Location"), c.leads)
			}
			if !slices.Equal(f.asked, []string{c.asked}) {
				t.Errorf("asked %q, want %q", f.asked, c.asked)
			}

			f = newFixture()
			f.refuse = fmt.Errorf("a drill runs already: %w", console.ErrRefused)
			answer = post(f, c.address, c.form)
			if answer.Code != http.StatusConflict || !strings.Contains(answer.Body.String(), "A drill runs already") {
				t.Errorf("a refusal answered %d without its words:\n%s", answer.Code, answer.Body)
			}
		})
	}
}

// TestVerbsAskNothing is about forms that must not reach an action.
func TestVerbsAskNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, address string
		form          url.Values
		status        int
		words         string
	}{
		{"drill without a reason", "/verbs/drill", form("name", "zone-loss"), 400, "No reason is given"},
		{"drill with a long reason", "/verbs/drill", form("name", "zone-loss", "reason", strings.Repeat("é", 201)), 400, "201 characters"},
		{"fault of no kind", "/verbs/fault", form("kind", "fire", "target", "us-east-1/a", "seconds", "30", "reason", "x"), 400, "no kind of fault"},
		{"zone fault on a component", "/verbs/fault", form("kind", "zone-kill", "target", "us-east-1/a/redis", "seconds", "30", "reason", "x"), 400, "no zone that runs"},
		{"fault in no region", "/verbs/fault", form("kind", "zone-kill", "target", "mars-1/a", "seconds", "30", "reason", "x"), 404, "not in the spec"},
		{"fault that does not end", "/verbs/fault", form("kind", "zone-kill", "target", "us-east-1/a", "seconds", "601", "reason", "x"), 400, "1 to 600"},
		{"fault of no length", "/verbs/fault", form("kind", "zone-kill", "target", "us-east-1/a", "seconds", "-1", "reason", "x"), 400, "cannot last"},
		{"switchover without a reason", "/verbs/switchover", form("cluster", "us-east-1/postgres"), 400, "No reason is given"},
		{"approval without a reason", "/verbs/approve", form("id", "failover/us-east-1/redis/2"), 400, "No reason is given"},
		{"unsealing without a reason", "/verbs/unseal", form("index", "230"), 400, "No reason is given"},
		{"unsealing no entry", "/verbs/unseal", form("index", "x", "reason", "y"), 400, "no journal index"},
		{"evacuation without the name", "/verbs/evacuate", form("region", "us-east-1", "typed", "us-west-1", "reason", "x"), 400, "Type us-east-1"},
		{"evacuation without a reason", "/verbs/evacuate", form("region", "us-east-1", "typed", "us-east-1"), 400, "No reason is given"},
		{"a switch without a reason", "/verbs/route", form("region", "us-east-1", "to", "off"), 400, "No reason is given"},
		{"a form too large", "/verbs/drill", form("name", strings.Repeat("x", 70<<10)), 400, "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture()
			answer := post(f, c.address, c.form)
			if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.words) {
				t.Errorf("answered %d, want %d with %q:\n%s", answer.Code, c.status, c.words, answer.Body)
			}
			if len(f.asked) != 0 {
				t.Errorf("asked %q of the actions", f.asked)
			}
		})
	}
}

// TestReasonSurvives keeps what was typed when a verb fails.
func TestReasonSurvives(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.refuse = errors.New("the server shuts down")
	answer := post(f, "/verbs/drill", form("name", "redis-loss", "reason", "typed with care"))
	if answer.Code != http.StatusInternalServerError {
		t.Errorf("answered %d, want 500", answer.Code)
	}
	if n := strings.Count(answer.Body.String(), `value="typed with care"`); n != 1 {
		t.Errorf("the reason stands in %d fields, want 1", n)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	f := newFixture()
	if answer := post(f, "/journal/verify", nil); answer.Code != 200 || !strings.Contains(answer.Body.String(), f.proof.Root) || !strings.Contains(answer.Body.String(), "The journal verifies") {
		t.Errorf("answered %d without the proof", answer.Code)
	}
	f.proof = compliancedoor.Verification{Size: 9, Problem: "entry 7 does not hash to its leaf", At: noon()}
	answer := post(f, "/journal/verify", nil)
	if !strings.Contains(answer.Body.String(), "does not verify") || !strings.Contains(answer.Body.String(), f.proof.Problem) {
		t.Error("a broken journal is not said to be broken")
	}
}

// TestUnseal shows personal data in the answer, and under no address.
func TestUnseal(t *testing.T) {
	t.Parallel()
	f := newFixture()
	answer := post(f, "/verbs/unseal", form("index", "230", "reason", "request 17"))
	if body := answer.Body.String(); answer.Code != 200 || !strings.Contains(body, "ada@example.com") || strings.Contains(body, "/verbs/unseal") || answer.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("answered %d %v:\n%s", answer.Code, answer.Header(), body)
	}
	if !slices.Equal(f.asked, []string{"unseal 230 request 17"}) {
		t.Errorf("asked %q", f.asked)
	}
	f.refuse = fmt.Errorf("entry 230 holds nothing: %w", console.ErrRefused)
	if answer := post(f, "/verbs/unseal", form("index", "230", "reason", "again")); answer.Code != http.StatusConflict || strings.Contains(answer.Body.String(), "ada@") || !strings.Contains(answer.Body.String(), `value="again"`) {
		t.Errorf("a refusal answered %d:\n%s", answer.Code, answer.Body)
	}
}
