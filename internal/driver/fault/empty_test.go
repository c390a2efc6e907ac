package fault

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/process"
)

// A guard that is killed at any boundary of taking a member's data goes on from there: the data
// is gone, whoever knew it is dead, and nobody else is.
func TestAKilledGuardGoesOnTakingDataAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		late   bool // it goes on after the fault's time
		did    func(t *testing.T, l Lease, p process.Process)
		spares bool   // whoever runs by then
		says   string // in the lease's error
	}{
		"before anything":                 {did: func(*testing.T, Lease, process.Process) {}},
		"before anything, and it is late": {late: true, did: func(*testing.T, Lease, process.Process) {}, spares: true, says: "before it took anything"},
		"after the directory was made":    {did: func(t *testing.T, l Lease, _ process.Process) { lost(t, l) }},
		"the same, and it is late":        {late: true, did: func(t *testing.T, l Lease, _ process.Process) { lost(t, l) }},
		"after a part was taken":          {did: func(t *testing.T, l Lease, _ process.Process) { lost(t, l); take(t, l, "dump.rdb") }},
		"after all was taken":             {did: func(t *testing.T, l Lease, _ process.Process) { lost(t, l); take(t, l, "dump.rdb", "appendonlydir") }},
		"before the kill": {did: func(t *testing.T, l Lease, p process.Process) {
			lost(t, l)
			take(t, l, "dump.rdb", "appendonlydir")
			note(t, l, p)
		}},
		"before the kill, and it is late": {late: true, did: func(t *testing.T, l Lease, p process.Process) {
			lost(t, l)
			take(t, l, "dump.rdb", "appendonlydir")
			note(t, l, p)
		}},
		"after the kill, and it runs anew": {did: func(t *testing.T, l Lease, p process.Process) {
			lost(t, l)
			take(t, l, "dump.rdb")
			p.Start++
			note(t, l, p)
		}, spares: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, dir, p := zone(t)
			home := filepath.Join(dir, "redis")
			for _, path := range []string{"appendonlydir/a", "dump.rdb"} {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(home, path)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(home, path), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			l := Lease{ID: "f1", Kind: RedisEmpty, Zone: dir, Unit: "redis", Until: time.Now().Add(time.Minute), State: begun}
			if c.late {
				l.Until = time.Now()
			}
			c.did(t, l, p)
			if err := os.MkdirAll(k.Dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := writeLease(k.Dir, l); err != nil {
				t.Fatal(err)
			}
			_, err := k.Ensure(l, false) // what its node does
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Error(err)
			}
			until(t, "the lease is not ended", func() bool { a, err := k.Active(); return err == nil && len(a) == 0 })
			if p.Alive() != c.spares {
				t.Errorf("it lives: %v", p.Alive())
			}
			_, there := os.Stat(filepath.Join(home, "appendonlydir"))
			if (there == nil) != c.spares {
				t.Errorf("its data: %v", there)
			}
			if _, err := os.Stat(l.lost()); err == nil {
				t.Error("what was taken is still there")
			}
		})
	}
}

func lost(t *testing.T, l Lease) {
	t.Helper()
	if err := os.Mkdir(l.lost(), 0o700); err != nil {
		t.Fatal(err)
	}
}

func take(t *testing.T, l Lease, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.Rename(filepath.Join(l.home(), name), filepath.Join(l.lost(), name)); err != nil {
			t.Fatal(err)
		}
	}
}

func note(t *testing.T, l Lease, ps ...process.Process) {
	t.Helper()
	b, err := json.Marshal(ps)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.taken(), b, 0o600); err != nil {
		t.Fatal(err)
	}
}
