package door_test

import (
	"testing"

	"github.com/greenlang/fournines/internal/console/consoletest"
)

func TestPages(t *testing.T) {
	t.Parallel()
	consoletest.Goldens(t, "", []consoletest.Golden{
		{File: "switchover", Address: "/regions/us-east-1/switchover?cluster=us-east-1/postgres&reason=kernel+update", Status: 200},
		{File: "switchover-nobody", Address: "/regions/us-east-1/switchover?cluster=us-east-1/redis&reason=kernel+update", Status: 200},
		{File: "switchover-stranger", Address: "/regions/us-east-1/switchover?cluster=us-east-1/postgres&candidate=us-east-1/c/postgres&reason=x", Status: 200},
		{File: "evacuation", Address: "/evacuation", Status: 200},
		{File: "evacuate", Address: "/evacuation/us-east-1?mode=ungraceful&reason=fire&typed=us-east-1", Status: 200},
		{File: "evacuate-nothing", Address: "/evacuation/us-east-1", Status: 200},
		{File: "evacuate-nobody", Address: "/evacuation/us-west-2", Status: 404},
		{File: "restore", Address: "/evacuation/eu-west-1?mode=ungraceful&reason=power+is+back&typed=eu-west-1", Status: 200},
		{File: "routing", Address: "/routing", Status: 200},
		{File: "route", Address: "/routing/us-east-1?reason=maintenance", Status: 200},
		{File: "route-last", Address: "/routing/eu-central-1", Status: 200},
		{File: "cells", Address: "/cells", Status: 200},
	})
}

func TestVerbs(t *testing.T) {
	t.Parallel()
	consoletest.Verbs(t, []consoletest.Verb{
		{Name: "switchover", Address: "/verbs/switchover", Form: consoletest.Form("cluster", "us-east-1/postgres", "candidate", "us-east-1/b/postgres", "reason", "kernel", "typed", "us-east-1/postgres"), Asked: "switchover us-east-1/postgres us-east-1/b/postgres kernel", Leads: "/operations/switchover/us-east-1/postgres/7"},
		{Name: "evacuate", Address: "/verbs/evacuate", Form: consoletest.Form("region", "us-east-1", "mode", "ungraceful", "typed", "us-east-1", "reason", "fire"), Asked: "evacuate us-east-1 ungraceful fire", Leads: "/operations/evacuate-1"},
		{Name: "restore", Address: "/verbs/restore", Form: consoletest.Form("region", "eu-west-1", "typed", "eu-west-1", "reason", "power is back"), Asked: "restore eu-west-1 power is back", Leads: "/operations/restore-1"},
		{Name: "route", Address: "/verbs/route", Form: consoletest.Form("region", "us-west-2", "to", "on", "reason", "done"), Asked: "route us-west-2 true done", Leads: "/routing"},
	})
}

func TestVerbsAskNothing(t *testing.T) {
	t.Parallel()
	consoletest.Wrongs(t, []consoletest.Wrong{
		{Name: "switchover without its cluster typed", Address: "/verbs/switchover", Form: consoletest.Form("cluster", "us-east-1/postgres", "reason", "kernel"), Status: 400, Words: "is not typed"},
		{Name: "switchover without a reason", Address: "/verbs/switchover", Form: consoletest.Form("cluster", "us-east-1/postgres", "typed", "us-east-1/postgres"), Status: 400, Words: "No reason is given"},
		{Name: "evacuation without the name", Address: "/verbs/evacuate", Form: consoletest.Form("region", "us-east-1", "typed", "us-west-1", "reason", "x"), Status: 400, Words: "Type us-east-1"},
		{Name: "evacuation without a reason", Address: "/verbs/evacuate", Form: consoletest.Form("region", "us-east-1", "typed", "us-east-1"), Status: 400, Words: "No reason is given"},
		{Name: "a switch without a reason", Address: "/verbs/route", Form: consoletest.Form("region", "us-east-1", "to", "off"), Status: 400, Words: "No reason is given"},
	})
}
