package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
	"github.com/greenlang/fournines/kit/audit"
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

// leaderIsCutOff cuts the region off in which the leader sits: another server leads, what is
// acknowledged meanwhile stays, and the one that was cut off has all of it afterwards.
func leaderIsCutOff(t *testing.T, p *platformtest.Platform) {
	leader := leadingServer(t, p)
	for leader == place.Server { // it sits outside of the regions
		kill(t, p, leader)
		leader = leadingServer(t, p)
	}
	region := strings.TrimSuffix(leader, "/"+place.Server)
	begun := time.Now()
	id := strings.TrimSpace(run(t, p, "fault", "inject", "region-partition", region, "--for", "5m", "--reason", "test", "--yes", "-o", "name"))
	p.Await("nobody else leads", func(s api.Status) string {
		for _, v := range s.Servers {
			if v.Name == leader && (v.Role == api.Leads || v.Health != api.Missing) {
				return fmt.Sprintf("%+v", v)
			}
		}
		return ""
	})
	t.Logf("%s led and was cut off; %v later %s leads", leader, time.Since(begun), leadingServer(t, p))
	secrets, err := place.LoadSecrets(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	_, layout, err := place.LoadInstallation(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	events := client.NewClient(secrets.Applications[place.GreenLang], layout.ServerListens()...)
	batch := audit.Batch{Events: []audit.Event{{ID: "cut-off", Time: begun, Tenant: "acme", Actor: "user-7", Action: "region.cut"}}}
	var a audit.Answer
	p.Await("no event is acknowledged", func(api.Status) string {
		if err := events.Call(t.Context(), http.MethodPost, "/v1/audit", "cut-off", batch, &a); err != nil || len(a.Results) != 1 || a.Results[0].Error != nil {
			return fmt.Sprintf("%v %+v", err, a)
		}
		return ""
	})
	during := a.Results[0].Index
	p.Await("the server that is cut off is ready", func(api.Status) string {
		resp, err := http.Get("http://" + serverAddress(t, p, leader) + "/readyz") //nolint:noctx // a test
		if err != nil {
			return "" // it begins again
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return "it says so"
		}
		return ""
	})
	run(t, p, "fault", "clear", id)
	open(t, p)
	p.Await("the servers do not come together again", func(s api.Status) string {
		for _, v := range s.Servers {
			if v.Health != api.Healthy || v.Entries <= during {
				return fmt.Sprintf("%+v", v)
			}
		}
		return ""
	})
	if e := entry(t, p, fmt.Sprint(during)); !strings.Contains(string(e.Data), "region.cut") {
		t.Errorf("entry %d is %+v", during, e)
	}
}

func serverAddress(t *testing.T, p *platformtest.Platform, name string) string {
	t.Helper()
	for _, v := range status(t, p).Servers {
		if v.Name == name {
			return v.Address
		}
	}
	t.Fatalf("there is no server %s", name)
	return ""
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
