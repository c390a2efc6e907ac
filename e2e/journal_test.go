package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/platformtest"
)

// tampering runs the drill on the journal of everything the scenarios before have done.
func tampering(t *testing.T, p *platformtest.Platform) {
	r := p.Drill("journal-tamper")
	for _, o := range r.Objectives {
		t.Logf("%s: %.2f %s (target %.2f)", o.Name, o.Measured, o.Unit, o.Target)
		if !o.Met && o.Unit == "count" { // how fast a witness is, is measured
			t.Errorf("missed: %+v", o)
		}
	}
	if len(r.Objectives) < 7 || r.Error != "" {
		t.Errorf("%+v", r)
	}
}

// questions are asked of the running server, and of a copy without it.
func questions(t *testing.T, p *platformtest.Platform) {
	ask := func(args ...string) compliancedoor.QueryAnswer {
		t.Helper()
		out, code := p.Run(append([]string{"journal", "query", "-o", "json"}, args...)...)
		var a compliancedoor.QueryAnswer
		if err := json.NewDecoder(strings.NewReader(out)).Decode(&a); code != 0 || err != nil || len(a.Rows) == 0 {
			t.Fatalf("%q: exit %d %v: %s", args, code, err, out)
		}
		return a
	}
	const byKind = "select kind, count(*) from entries group by 1"
	live := ask(byKind)
	if len(live.Rows) < 15 {
		t.Errorf("only %d kinds: %v", len(live.Rows), live.Rows)
	}
	proved := ask("select index, kind, subject from entries where kind = 'drill.ended' order by index", "--prove")
	if len(proved.Proofs) != len(proved.Rows) {
		t.Errorf("%d rows, %d proofs", len(proved.Rows), len(proved.Proofs))
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(p.Root, "server", "journal"))); err != nil {
		t.Fatal(err)
	}
	if copied := ask(byKind, "--from", dir); len(copied.Rows) < len(live.Rows) {
		t.Errorf("from a copy: %+v", copied)
	}
	if out, code := p.Run("journal", "query", "drop table entries"); code == 0 || !strings.Contains(strings.ToLower(out), "select") {
		t.Errorf("exit %d: %s", code, out)
	}

	out, code := p.Run("journal", "prove", "3")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, out)
	}
	file := filepath.Join(t.TempDir(), "proof.json")
	check := func(text string, want int) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, code := p.Run("journal", "check", file); code != want {
			t.Errorf("exit %d, want %d: %s", code, want, out)
		}
	}
	check(out, 0)
	check(strings.Replace(out, `"index": 3`, `"index": 4`, 1), 5)
	check("{", 2)
	if out, code := p.Run("journal", "kinds", "-o", "json"); code != 0 || !strings.Contains(out, `"operation.requested"`) || !strings.Contains(out, `"properties"`) {
		t.Errorf("exit %d: %s", code, out)
	}
	if out, code := p.Run("archive", "status"); code != 0 || !strings.Contains(out, "hold") {
		t.Errorf("exit %d: %s", code, out)
	}
}
