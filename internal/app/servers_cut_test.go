package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/chaos"
	chaoswiring "github.com/greenlang/fournines/internal/chaos/wiring"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/quorum"
	"github.com/greenlang/fournines/internal/wing"
)

// A region with the server that leads is cut off, both ways or only in what it says: another
// one leads and takes what people do, and the one that is cut off has ended. When the link
// carries again all have one journal (rows 7.1.9, 7.5.1).
func TestServersAreCutApart(t *testing.T) {
	t.Parallel()
	x := newPlane(t, "")
	for _, kind := range []string{fault.RegionPartition, fault.RegionPartitionOut} {
		leader := x.leaderInRegion()
		mend := x.cut(kind, x.lives[leader].s.Seat.Region)
		cut := time.Now()
		x.deposed(leader)
		during := x.tell(kind, "dora")
		t.Logf("%s: %s led; another had decided entry %d %v later", kind, leader, during, time.Since(cut))
		x.await(func(s api.Status) string {
			for _, v := range s.Servers {
				if v.Name == leader && (v.Role == api.Leads || v.Health != api.Missing) {
					return fmt.Sprintf("%+v", v)
				}
			}
			return ""
		})
		if code := x.ready(leader); code != http.StatusServiceUnavailable {
			t.Errorf("%s is cut off, and answers %d when it is asked who leads", leader, code)
		}
		mend()
		x.await(func(s api.Status) string {
			for _, v := range s.Servers {
				if v.Health != api.Healthy || v.Entries <= during {
					return fmt.Sprintf("%+v", v)
				}
			}
			return ""
		})
		if got := x.reads(during); !strings.Contains(got, `"name":"dora"`) {
			t.Errorf("entry %d reads %s", during, got)
		}
	}
	x.sameJournal()
}

// leaderInRegion makes a server in a region lead.
func (x *plane) leaderInRegion() string {
	x.t.Helper()
	for {
		leader := x.whole()
		if x.lives[leader].s.Seat.Region != "" {
			return leader
		}
		x.lives[leader].stop()
		x.start(leader)
	}
}

// cut cuts what a fault of a region cuts, until mend is called.
func (x *plane) cut(kind, region string) (mend func()) {
	x.t.Helper()
	_, l, err := place.LoadInstallation(x.root)
	if err != nil {
		x.t.Fatal(err)
	}
	links, err := cutsOf(l)(chaos.Fault{Kind: kind, Target: region})
	if err != nil {
		x.t.Fatal(err)
	}
	lease, err := json.Marshal(map[string]any{"kind": kind, "links": links, "state": "active", "until": time.Now().Add(time.Hour)})
	if err != nil {
		x.t.Fatal(err)
	}
	file := filepath.Join(assign.FaultsDir(x.root), kind+".json")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, lease, 0o600)); err != nil {
		x.t.Fatal(err)
	}
	return func() {
		if err := os.Remove(file); err != nil {
			x.t.Fatal(err)
		}
	}
}

// deposed waits until a server has ended because it may lead no more, and starts it anew.
func (x *plane) deposed(name string) {
	x.t.Helper()
	l := x.lives[name]
	select {
	case err := <-l.served:
		if !errors.Is(err, quorum.ErrDeposed) {
			x.t.Fatalf("%s ended with %v", name, err)
		}
	case <-time.After(time.Minute):
		x.t.Fatalf("%s goes on to lead", name)
	}
	l.stop = func() {}
	if err := l.s.Close(); err != nil {
		x.t.Error(err)
	}
	x.start(name)
}

// ready asks a server itself whether it knows who leads.
func (x *plane) ready(name string) int {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Minute)
	defer cancel()
	s := x.lives[name].s
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Layout.SeatListen(s.Seat)+"/readyz", nil)
	if err != nil {
		x.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		x.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		x.t.Fatal(err)
	}
	return resp.StatusCode
}

// cutsOf returns what tells the ways that a fault cuts.
func cutsOf(l place.Layout) func(chaos.Fault) ([]string, error) {
	w, _ := chaoswiring.New(&wing.House{Layout: l, Now: time.Now})
	return w.CutWays
}
