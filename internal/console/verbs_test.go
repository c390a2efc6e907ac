package console_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/console/consoletest"
)

func TestVerbs(t *testing.T) {
	t.Parallel()
	consoletest.Verbs(t, []consoletest.Verb{
		{Name: "drill", Address: "/verbs/drill", Form: consoletest.Form("name", "zone-loss", "reason", " monthly ", "typed", "zone-loss"), Asked: "drill zone-loss monthly", Leads: "/drills/drill-0042"},
		{Name: "approve", Address: "/verbs/approve", Form: consoletest.Form("id", "failover/us-east-1/redis/2", "reason", "yes"), Asked: "approve failover/us-east-1/redis/2 yes", Leads: "/operations/failover/us-east-1/redis/2"},
		{Name: "deny", Address: "/verbs/deny", Form: consoletest.Form("id", "failover/us-east-1/redis/2", "reason", "no"), Asked: "deny failover/us-east-1/redis/2 no", Leads: "/operations/failover/us-east-1/redis/2"},
	})
}

func TestVerbsAskNothing(t *testing.T) {
	t.Parallel()
	consoletest.Wrongs(t, []consoletest.Wrong{
		{Name: "drill without its name typed", Address: "/verbs/drill", Form: consoletest.Form("name", "zone-loss", "reason", "monthly", "typed", "zone"), Status: 400, Words: "name is not typed"},
		{Name: "drill without a reason", Address: "/verbs/drill", Form: consoletest.Form("name", "zone-loss"), Status: 400, Words: "No reason is given"},
		{Name: "drill with a long reason", Address: "/verbs/drill", Form: consoletest.Form("name", "zone-loss", "reason", strings.Repeat("é", 201)), Status: 400, Words: "201 characters"},
		{Name: "approval without a reason", Address: "/verbs/approve", Form: consoletest.Form("id", "failover/us-east-1/redis/2"), Status: 400, Words: "No reason is given"},
		{Name: "a form too large", Address: "/verbs/drill", Form: consoletest.Form("name", strings.Repeat("x", 70<<10)), Status: 400, Words: "cannot be read"},
	})
}

// TestReasonSurvives keeps what was typed when a verb fails.
func TestReasonSurvives(t *testing.T) {
	t.Parallel()
	f := consoletest.New()
	f.Refuse = errors.New("the server shuts down")
	answer := consoletest.Post(f, "/verbs/drill", consoletest.Form("name", "redis-loss", "reason", "typed with care", "typed", "redis-loss"))
	if answer.Code != http.StatusInternalServerError {
		t.Errorf("answered %d, want 500", answer.Code)
	}
	if n := strings.Count(answer.Body.String(), `value="typed with care"`); n != 1 {
		t.Errorf("the reason stands in %d fields, want 1", n)
	}
}
