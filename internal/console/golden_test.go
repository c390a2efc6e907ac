package console_test

import (
	"testing"

	"github.com/greenlang/fournines/internal/console/consoletest"
)

// TestPages is about the pages of no wing, and what is around every page.
func TestPages(t *testing.T) {
	t.Parallel()
	consoletest.Goldens(t, "layout", []consoletest.Golden{
		{File: "overview", Address: "/", Status: 200},
		{File: "region", Address: "/regions/us-east-1", Status: 200},
		{File: "region-declared", Address: "/regions/eu-west-1", Status: 200},
		{File: "operations", Address: "/operations", Status: 200},
		{File: "operations-none", Address: "/operations?state=failed", Status: 200},
		{File: "operation", Address: "/operations/switchover/us-east-1/postgres/3", Status: 200},
		{File: "operation-waiting", Address: "/operations/failover/us-east-1/redis/2", Status: 200},
		{File: "operation-undone", Address: "/operations/switchover/us-east-1/postgres/2", Status: 200},
		{File: "tasks", Address: "/tasks", Status: 200},
		{File: "drills", Address: "/drills", Status: 200},
		{File: "drill", Address: "/drills/drill-0041", Status: 200},
		{File: "drill-failed", Address: "/drills/drill-0040", Status: 200},
		{File: "evidence", Address: "/evidence", Status: 200},
		{File: "evidence-real-region", Address: "/evidence?span=365d&of=real&region=us-east-1", Status: 200},
		{File: "evidence-nonsense", Address: "/evidence?span=9h", Status: 400},
		{File: "palette", Address: "/palette", Status: 200},
		{File: "problem", Address: "/nothing-here", Status: 404},
	})
}
