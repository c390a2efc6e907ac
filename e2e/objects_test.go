package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
)

// stores opens the applications' buckets of both regions, as applications do.
func stores(t *testing.T, p *platformtest.Platform) map[string]*s3.Store {
	t.Helper()
	_, layout, err := place.LoadInstallation(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := place.LoadSecrets(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*s3.Store{}
	for _, r := range []string{platformtest.Region, partner} {
		if out[r], err = assign.OpenObjects(layout, secrets, r, 1); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// objectMirrors returns both directions between the regions' buckets.
func objectMirrors(t *testing.T, p *platformtest.Platform) []availabilitydoor.ObjectMirror {
	t.Helper()
	var l struct {
		Items []availabilitydoor.ObjectMirror
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := p.Client.Call(ctx, http.MethodGet, "/v1/objects/mirrors", "", nil, &l); err != nil {
		t.Fatal(err)
	}
	if len(l.Items) != 2 || l.Items[0].From != platformtest.Region || l.Items[1].From != partner {
		t.Fatalf("mirrors %+v", l.Items)
	}
	return l.Items
}

// settled waits until both directions have everything that was written before now.
func settled(t *testing.T, p *platformtest.Platform) {
	t.Helper()
	since := time.Now()
	p.Await("objects are not copied", func(api.Status) string {
		for _, m := range objectMirrors(t, p) {
			if m.LagSeconds < 0 || time.Since(since).Seconds() < m.LagSeconds || m.Objects > 0 {
				return fmt.Sprintf("%+v", m)
			}
		}
		return ""
	})
}

func putObject(t *testing.T, s *s3.Store, key, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := s.Put(ctx, key, strings.NewReader(body), s3.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

// objectsAreReplicated writes, overwrites and deletes in either region.
func objectsAreReplicated(t *testing.T, p *platformtest.Platform) {
	both := stores(t, p)
	east, west := both[platformtest.Region], both[partner]
	putObject(t, east, "e2e/a", "one")
	putObject(t, east, "e2e/a", "two")
	putObject(t, east, "e2e/b", "gone")
	putObject(t, west, "e2e/c", "from the partner")
	settled(t, p)
	if err := west.Mark(t.Context(), "e2e/b", s3.Over{}); err != nil { // a deletion, on the other side
		t.Fatal(err)
	}
	settled(t, p)
	for name, s := range both {
		for key, want := range map[string]int64{"e2e/a": 3, "e2e/c": 16} {
			if i, err := s.Head(t.Context(), key, ""); err != nil || i.Size != want {
				t.Errorf("%s in %s: %+v, %v", key, name, i, err)
			}
		}
		if _, err := s.Head(t.Context(), "e2e/b", ""); !errors.Is(err, s3.ErrNotFound) {
			t.Errorf("e2e/b in %s: %v", name, err)
		}
		if h, err := s.History(t.Context(), "e2e/a"); err != nil || len(h.Versions) != 2 {
			t.Errorf("e2e/a in %s: %+v, %v", name, h, err)
		}
	}
	if out := run(t, p, "objects", "mirrors", "-o", "name"); out != platformtest.Region+">"+partner+"\n"+partner+">"+platformtest.Region+"\n" {
		t.Errorf("%q", out)
	}
}

// storeIsKilled kills the partner's store with SIGKILL while objects are copied to it, and
// then the server: what is missing comes, and nothing twice.
func storeIsKilled(t *testing.T, p *platformtest.Platform) {
	east, west := stores(t, p)[platformtest.Region], stores(t, p)[partner]
	const n, half = 300, 150
	var writers sync.WaitGroup
	reached := make(chan struct{})
	writers.Go(func() {
		for i := range n {
			if i == half {
				close(reached)
			}
			putObject(t, east, fmt.Sprintf("kill/%03d", i), strings.Repeat("x", i))
		}
	})
	<-reached
	kill(t, p, partner+"/"+place.Objects)
	kill(t, p, place.Server)
	writers.Wait()
	p.In(t).Healthy()
	settled(t, p)
	versions := 0
	for e, err := range west.Versions(t.Context(), "kill/") {
		if err != nil {
			t.Fatal(err)
		}
		if !e.Latest || e.Marker {
			t.Errorf("%+v is not the only version of its key", e)
		}
		versions++
	}
	if versions != n {
		t.Errorf("%d versions of %d objects came", versions, n)
	}
	for _, m := range objectMirrors(t, p) {
		t.Logf("%+v", m)
	}
}
