package door_test

import (
	"testing"

	"github.com/greenlang/fournines/internal/console/consoletest"
)

func TestPages(t *testing.T) {
	t.Parallel()
	consoletest.Goldens(t, "", []consoletest.Golden{
		{File: "fault", Address: "/regions/us-east-1/fault?kind=zone-kill&target=us-east-1/a&seconds=30&reason=it%27s+a+test", Status: 200},
		{File: "fault-missing", Address: "/regions/us-east-1/fault?kind=postmaster-hang&target=us-east-1/a/redis&seconds=30&reason=x", Status: 200},
	})
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	consoletest.Verbs(t, []consoletest.Verb{
		{Name: "fault", Address: "/verbs/fault", Form: consoletest.Form("kind", "zone-kill", "target", "us-east-1/a", "seconds", "30", "reason", "test", "typed", "us-east-1/a"), Asked: "inject zone-kill us-east-1/a 30s test", Leads: "/regions/us-east-1#region-faults"},
		{Name: "clear", Address: "/verbs/clear-fault", Form: consoletest.Form("id", "fault-7", "target", "us-east-1/c/greenlang"), Asked: "clear fault-7", Leads: "/regions/us-east-1#region-faults"},
	})
}

func TestVerbsAskNothing(t *testing.T) {
	t.Parallel()
	consoletest.Wrongs(t, []consoletest.Wrong{
		{Name: "fault without its target typed", Address: "/verbs/fault", Form: consoletest.Form("kind", "zone-kill", "target", "us-east-1/a", "seconds", "30", "reason", "x", "typed", "us-east-1/b"), Status: 400, Words: "is not typed"},
		{Name: "fault of no kind", Address: "/verbs/fault", Form: consoletest.Form("kind", "fire", "target", "us-east-1/a", "seconds", "30", "reason", "x", "typed", "us-east-1/a"), Status: 400, Words: "not a kind of fault"},
		{Name: "zone fault on a component", Address: "/verbs/fault", Form: consoletest.Form("kind", "zone-kill", "target", "us-east-1/a/redis", "seconds", "30", "reason", "x", "typed", "us-east-1/a/redis"), Status: 400, Words: "no zone that runs"},
		{Name: "fault in no region", Address: "/verbs/fault", Form: consoletest.Form("kind", "zone-kill", "target", "mars-1/a", "seconds", "30", "reason", "x", "typed", "mars-1/a"), Status: 404, Words: "not in the spec"},
		{Name: "fault that does not end", Address: "/verbs/fault", Form: consoletest.Form("kind", "zone-kill", "target", "us-east-1/a", "seconds", "601", "reason", "x", "typed", "us-east-1/a"), Status: 400, Words: "1 to 600"},
		{Name: "fault of no length", Address: "/verbs/fault", Form: consoletest.Form("kind", "zone-kill", "target", "us-east-1/a", "seconds", "-1", "reason", "x", "typed", "us-east-1/a"), Status: 400, Words: "cannot last"},
	})
}
