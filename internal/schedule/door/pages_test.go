package door_test

import (
	"testing"

	"github.com/greenlang/fournines/internal/console/consoletest"
)

func TestPages(t *testing.T) {
	t.Parallel()
	consoletest.Goldens(t, "", []consoletest.Golden{{File: "schedules", Address: "/schedules", Status: 200}})
}
