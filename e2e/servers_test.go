package e2e

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/platformtest"
)

// leadingServer returns the server that leads.
func leadingServer(t *testing.T, p *platformtest.Platform) string {
	t.Helper()
	name := ""
	p.Await("no server leads", func(s api.Status) string {
		for _, v := range s.Servers {
			if v.Role == api.Leads {
				name = v.Name
				return ""
			}
		}
		return "none of the servers"
	})
	return name
}

// journalsAreOne verifies each server's journal as it is on the disk: they have the same
// key, and each is the beginning of the longest.
func journalsAreOne(t *testing.T, p *platformtest.Platform) {
	s := status(t, p)
	if len(s.Servers) != 3 {
		t.Fatalf("servers %+v", s.Servers)
	}
	var checkpoints []string
	keys := map[string]bool{}
	for i, v := range s.Servers {
		dir := filepath.Join(p.Root, v.Name, "journal")
		a, err := journal.Verify(t.Context(), dir, journal.VerifyOptions{})
		if err != nil {
			t.Fatalf("server %s: %v", v.Name, err)
		}
		t.Logf("%s (%s): %d entries, root %.16s…", v.Name, v.Role, a.Size, a.Root)
		keys[a.Key] = true
		checkpoints = append(checkpoints, filepath.Join(p.Root, v.Name, "journal", "checkpoint"))
		for _, earlier := range checkpoints[:i] {
			out, code := p.Run("journal", "verify", "--from", dir, "--against", earlier)
			if code != 0 {
				// The earlier one may be the longer: then it must be the continuation.
				again, code2 := p.Run("journal", "verify", "--from", filepath.Dir(earlier), "--against", checkpoints[i])
				if code2 != 0 {
					t.Errorf("neither of %s and %s continues the other:\n%s%s", dir, earlier, out, again)
				}
			}
		}
	}
	if len(keys) != 1 {
		t.Errorf("the servers sign with %d keys", len(keys))
	}
	out, code := p.Run("servers", "-o", "name")
	if want := fmt.Sprintf("%s\n%s/server\n%s/server\n", "server", platformtest.Region, partner); code != 0 || out != want {
		t.Errorf("fournines servers: exit %d, %q, want %q", code, out, want)
	}
}
