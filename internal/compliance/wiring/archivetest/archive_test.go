// Package archivetest proves on a whole region that its journal is archived, also while
// the processes that do it are killed.
package archivetest

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
)

func TestTheJournalIsArchivedWhateverIsKilled(t *testing.T) {
	t.Parallel()
	begun := time.Now()
	p := platformtest.Start(t, platformtest.Options{Change: func(text string) string {
		return text + "  archive: {within: 1s, retention: 1d}\n"
	}})
	t.Logf("up after %s", time.Since(begun))
	journal := entries(t, p)
	await(t, p, "what was there at the start is archived", func(a door.Archive) bool { return a.Archived >= journal && a.Probe != nil && a.Probe.Holds })

	for _, unit := range []string{place.Objects, place.Server, place.Objects} {
		kill(t, p, unit)
		p.Healthy()
		journal = entries(t, p)
		await(t, p, "what came after killing "+unit+" is archived", func(a door.Archive) bool { return a.Archived >= journal && a.Failure == nil })
		t.Logf("%s was killed and everything is archived after %s", unit, time.Since(begun))
	}

	out, code := p.Run("journal", "verify", "--from", "archive", "-o", "json")
	var v struct {
		OK      bool     `json:"ok"`
		Size    uint64   `json:"size"`
		Covered []string `json:"covered"`
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != 0 || !v.OK || v.Size < journal || len(v.Covered) > 0 {
		t.Fatalf("exit %d, %v\n%s", code, err, out)
	}
	key := strings.TrimSpace(read(t, filepath.Join(p.Root, place.Server, "journal", "key.pub")))
	foreign := []string{"journal", "verify", "--from", "s3://journal", "--endpoint", "https://" + p.Networks[platformtest.Region].Host(0, 3, 9000), "--key", key,
		"--ca", filepath.Join(p.Root, place.Objects, "ca.pem"), "--credentials", filepath.Join(p.Root, place.Objects, "credentials")}
	if out, code := p.Run(foreign...); code != 0 {
		t.Fatalf("an auditor: exit %d\n%s", code, out)
	}
	if out, code := p.Run("archive", "probe"); code != 0 || !strings.Contains(out, "delete-bucket") {
		t.Fatalf("probe: exit %d\n%s", code, out)
	}
	if out, code := p.Run("archive", "status"); code != 0 || !strings.Contains(out, "hold") {
		t.Fatalf("status: exit %d\n%s", code, out)
	}
	if out, code := p.Run("archive", "list", "-o", "name"); code != 0 || !strings.HasPrefix(out, "part/") {
		t.Fatalf("list: exit %d\n%s", code, out)
	}

	damage(t, filepath.Join(p.Root, place.Objects, "objects", "journal", "checkpoint"))
	if out, code := p.Run(foreign...); code != 5 || !strings.Contains(out, "damaged at entry") {
		t.Fatalf("one byte was changed: exit %d\n%s", code, out)
	}

	objects, alive := process.Adopt(filepath.Join(p.Root, place.Objects+".pid"))
	if !alive {
		t.Fatal("the object store does not run")
	}
	p.Down()
	if objects.Alive() {
		t.Fatal("the object store outlives `down`")
	}
}

func entries(t *testing.T, p *platformtest.Platform) uint64 {
	t.Helper()
	s, err := p.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s.Journal.Size
}

// await waits for a fact about the archive.
func await(t *testing.T, p *platformtest.Platform, what string, want func(door.Archive) bool) {
	t.Helper()
	var a door.Archive
	p.Await(what, func(api.Status) string {
		if err := p.Client.Call(t.Context(), http.MethodGet, "/v1/archive", "", nil, &a); err != nil {
			return err.Error()
		}
		if want(a) {
			return ""
		}
		b, _ := json.Marshal(a) // for people
		return string(b)
	})
}

// kill kills a unit of `up` with SIGKILL, and waits until another process has its place.
func kill(t *testing.T, p *platformtest.Platform, unit string) {
	t.Helper()
	pid := filepath.Join(p.Root, unit+".pid")
	old, alive := process.Adopt(pid)
	if !alive {
		t.Fatalf("%s does not run", unit)
	}
	if err := old.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; {
		if now, alive := process.Adopt(pid); alive && now != old {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s was not started again", unit)
		}
		if err := old.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// damage changes one byte of the first object in a directory of the store.
func damage(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, files[0].Name()), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // written below
	if _, err := f.WriteAt([]byte{'#'}, 3); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
