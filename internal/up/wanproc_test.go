package up

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// A cut is what the guards' leases say, and it ends at its time without anybody.
func TestCutsAreReadFromLeases(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &cuts{dir: dir, log: slog.New(slog.DiscardHandler)}
	if got := c.now(); len(got) > 0 {
		t.Errorf("cut without a lease: %v", got)
	}
	write := func(id, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, id+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lease := func(state string, until time.Time) string {
		return `{"kind":"region-partition","links":["a>b","b>a","nonsense"],"state":"` + state + `","until":"` + until.Format(time.RFC3339Nano) + `"}`
	}
	later := time.Now().Add(time.Hour)
	write("over", lease("active", time.Now().Add(-time.Second)))
	write("ended", lease("ended", later))
	write("begun", lease("", later))
	write("broken", "{")
	if got := c.now(); len(got) > 0 {
		t.Errorf("cut by leases that do not hold: %v", got)
	}
	write("holds", lease("active", later))
	got := map[fact.Way]bool{}
	for _, w := range c.now() {
		got[w] = true
	}
	if want := map[fact.Way]bool{{From: "a", To: "b"}: true, {From: "b", To: "a"}: true}; !maps.Equal(got, want) {
		t.Errorf("cut %v, want %v", got, want)
	}
}
