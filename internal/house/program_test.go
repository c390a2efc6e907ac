package house

import (
	"os/exec"
	"strings"
	"testing"
)

// Linked into fournines, the embedded object store would make each of its some twenty
// processes 19 MB larger.
func TestTheObjectStoreIsAProgramOfItsOwn(t *testing.T) {
	t.Parallel()
	deps := func(program string) string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../../cmd/"+program).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", program, err)
		}
		return string(out)
	}
	for _, program := range []string{"fournines", "greenlang"} {
		if strings.Contains(deps(program), "github.com/versity/versitygw") {
			t.Errorf("%s links versitygw", program)
		}
	}
	if !strings.Contains(deps("fournines-objects"), "github.com/versity/versitygw") {
		t.Error("fournines-objects does not link versitygw: the test looks in the wrong place")
	}
}
