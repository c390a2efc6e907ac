package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
)

// TestRegion is one region's life: its scenarios share the platform and leave it whole.
func TestRegion(t *testing.T) {
	p := platformtest.Start(t, platformtest.Options{})
	p.Healthy()
	for _, scenario := range []struct {
		name string
		run  func(*testing.T, *platformtest.Platform)
	}{
		{"NodeAdoptsItsChildren", nodeAdopts},
		{"ServerRestartChangesNothing", serverRestart},
		{"ProberIsKilled_7_1_12", proberIsKilled},
		{"SecondUpFindsTheFirst", secondUp},
		{"TokenIsNeeded", tokenIsNeeded},
		{"Drill_7_1_8_ZoneLoss", drillPasses("zone-loss")},
		{"Drill_7_1_8_PrimaryLoss", drillPasses("primary-loss")},
		{"Drill_7_1_8_PrimaryHang", drillPasses("primary-hang")},
		{"Drill_7_1_8_ConnectionsExhausted", drillPasses("connections-exhausted")},
		// Patroni takes the standbys out of the synchronous set at its next look after a restart, and in again: for some
		// seconds nobody could take over. What follows here needs no other primary.
		{"PatroniRestartsThePrimary_7_1_4", patroniRestarts},
		{"Drill_7_1_5_RedisEmpty", drillPasses("redis-empty")},
		{"Drill_7_1_4_EtcdEmpty", drillPasses("etcd-empty")},
		{"Drill_7_1_4_MemberBroken", drillPasses("member-broken")},
		{"Drill_7_1_4_DiskFull", drillPasses("disk-full")},
		{"Drill_7_1_5_RedisLoss", drillPasses("redis-loss")},
		{"Drill_7_1_4_Switchover", drillPasses("switchover")},
		{"DrillSurvivesTheDeathOfOurs", drillWithDeaths},
		{"FaultsEndByThemselves", faultEndsAlone},
		{"OneZoneAtATime", oneZone},
		{"EvidenceIsProved_7_1_12", evidenceIsProved},
		{"JournalVerifies_7_8_5", journalVerifies},
		{"Drill_7_8_5_JournalTamper", tampering},
		{"QuestionsToTheJournal_7_8_5", questions},
		{"NoSecretLeaks", noSecrets},
	} {
		if !t.Run(scenario.name, func(t *testing.T) { scenario.run(t, p.In(t)); p.In(t).Healthy() }) {
			break // the rest would only repeat that the platform is not whole
		}
	}
}

func main(t *testing.T, p *platformtest.Platform, unit string) process.Process {
	t.Helper()
	proc, ok := process.Adopt(filepath.Join(p.Root, unit) + ".pid")
	if !ok {
		t.Fatalf("%s does not run", unit)
	}
	return proc
}

func kill(t *testing.T, p *platformtest.Platform, unit string) {
	t.Helper()
	proc := main(t, p, unit)
	if err := proc.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := proc.Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

// nodeAdopts kills a node with SIGKILL: its engines run on, and the next node has the same ones.
func nodeAdopts(t *testing.T, p *platformtest.Platform) {
	units := []string{"etcd", "postgres", "redis", "sentinel", "greenlang"}
	before := map[string]process.Process{}
	for _, u := range units {
		before[u] = main(t, p, platformtest.Region+"/b/"+u)
	}
	node := main(t, p, platformtest.Region+"/b")
	kill(t, p, platformtest.Region+"/b")
	p.Await("the node does not come back", func(s api.Status) string {
		if next, ok := process.Adopt(filepath.Join(p.Root, platformtest.Region, "b") + ".pid"); !ok || next == node {
			return "no new node yet"
		}
		return ""
	})
	p.Healthy()
	for _, u := range units {
		if now := main(t, p, platformtest.Region+"/b/"+u); now != before[u] {
			t.Errorf("%s was restarted: %v, before %v", u, now, before[u])
		}
	}
}

func serverRestart(t *testing.T, p *platformtest.Platform) {
	before := p.Healthy()
	kill(t, p, place.Server)
	after := p.Healthy()
	if after.Journal.Size < before.Journal.Size {
		t.Fatalf("the journal shrank from %d to %d", before.Journal.Size, after.Journal.Size)
	}
	if a, b := leader(before), leader(after); a != b {
		t.Fatalf("the primary moved from %s to %s for nothing", a, b)
	}
}

// patroniRestarts lets Patroni restart the primary, as a person does after a change that needs it: the
// server is gone for a moment, and nobody takes its place.
func patroniRestarts(t *testing.T, p *platformtest.Platform) {
	before := p.Healthy()
	at, err := fact.Component(leader(before))
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(p.Root, at.Region, at.Zone, place.Postgres)
	postmaster := func() string {
		b, err := os.ReadFile(filepath.Join(home, "data", "postmaster.pid"))
		if err != nil {
			t.Fatal(err)
		}
		pid, _, _ := strings.Cut(string(b), "\n")
		return pid
	}
	old := postmaster()
	program := filepath.Join(os.Getenv("FOURNINES_ENGINES"), "patroni", "bin", "patronictl")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "-c", filepath.Join(home, "patroni.yml"), "restart", at.Region, place.Member(at.Region, at.Zone), "--force").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Success") {
		t.Fatalf("patronictl restart: %v: %s", err, out)
	}
	after := p.Healthy()
	if postmaster() == old || leader(before) != leader(after) {
		t.Errorf("the primary was %s with process %s, and is %s with %s", leader(before), old, leader(after), postmaster())
	}
}

func leader(s api.Status) string {
	for _, r := range s.Regions {
		for _, x := range r.Readiness {
			if strings.HasSuffix(x.Cluster, "/postgres") {
				return x.Leader
			}
		}
	}
	return ""
}

func secondUp(t *testing.T, p *platformtest.Platform) {
	out, code := p.Run("up")
	if code != 1 || !strings.Contains(out, "is up already") || !strings.Contains(out, p.Listen) {
		t.Fatalf("exit %d: %s", code, out)
	}
}

func tokenIsNeeded(t *testing.T, p *platformtest.Platform) {
	for _, path := range []string{"/v1/status", "/openapi.json", "/journal", "/nodes/us-east-1/a/assignment", "/edges/us-east-1/directive"} {
		resp, err := http.Get("http://" + p.Listen + path) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a token: %s", path, resp.Status)
		}
	}
	// The people's token is not the nodes'.
	if err := p.Client.Call(t.Context(), http.MethodGet, "/nodes/us-east-1/a/assignment", "", nil, nil); err == nil {
		t.Error("the people's token opens the nodes' door")
	}
	var doc map[string]any
	if err := p.Client.Call(t.Context(), http.MethodGet, "/openapi.json", "", nil, &doc); err != nil || doc["openapi"] == nil {
		t.Errorf("no OpenAPI document: %v", err)
	}
	for _, f := range []string{"token", "secrets.json"} {
		info, err := os.Stat(filepath.Join(p.Root, f))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, info.Mode(), err)
		}
	}
}

func drillPasses(name string) func(*testing.T, *platformtest.Platform) {
	return func(t *testing.T, p *platformtest.Platform) { passes(t, p.Drill(name)) }
}

func passes(t *testing.T, r api.DrillReport) {
	t.Helper()
	for _, o := range r.Objectives {
		t.Logf("%s: %s %.2f %s (target %.2f)", r.Drill, o.Name, o.Measured, o.Unit, o.Target)
		if !o.Met {
			t.Errorf("%s misses %s: %.2f %s, target %.2f", r.Drill, o.Name, o.Measured, o.Unit, o.Target)
		}
	}
	if r.Verdict != "pass" {
		b, _ := json.MarshalIndent(r, "", " ") //nolint:errchkjson // for reading
		t.Errorf("%s: %s", r.Drill, b)
	}
	if i := slices.IndexFunc(r.Objectives, func(o api.Objective) bool { return o.Name == "writes_lost" }); i < 0 || r.Journal.Last <= r.Journal.First {
		t.Errorf("%s proves nothing: %+v", r.Drill, r)
	}
}

// drillWithDeaths kills server, edge and a node with SIGKILL while a zone is being lost.
func drillWithDeaths(t *testing.T, p *platformtest.Platform) {
	before := p.Healthy()
	report := make(chan api.DrillReport, 1)
	go func() { report <- p.Drill("zone-loss") }()
	p.Await("the fault does not begin", func(s api.Status) string {
		if len(s.Faults) == 0 {
			return "no fault yet"
		}
		return ""
	})
	victim := zone(leader(before))
	kill(t, p, place.Server)
	kill(t, p, platformtest.Region+"/edge")
	for _, z := range []string{"a", "b", "c"} {
		if z != victim {
			kill(t, p, platformtest.Region+"/"+z)
			break
		}
	}
	passes(t, <-report)
}

func zone(component string) string {
	return strings.Split(component, "/")[1]
}

// faultEndsAlone freezes a Redis replica, kills every process of ours, and waits until
// it moves again: the lease ends by itself.
func faultEndsAlone(t *testing.T, p *platformtest.Platform) {
	s := p.Healthy()
	victim := ""
	for _, c := range s.Regions[0].Components {
		if c.Kind == "redis" && c.Role == "replica" {
			victim = c.ID
		}
	}
	if out, code := p.Run("fault", "inject", "process-freeze", victim, "--for", "8s", "--reason", "test", "--yes"); code != 0 {
		t.Fatalf("exit %d: %s", code, out)
	}
	frozen := main(t, p, victim)
	if state := procState(t, frozen); state != "T" {
		t.Fatalf("the process is in state %s, not stopped", state)
	}
	for _, unit := range []string{place.Server, platformtest.Region + "/edge", platformtest.Region + "/a", platformtest.Region + "/b", platformtest.Region + "/c"} {
		kill(t, p, unit)
	}
	deadline := time.Now().Add(time.Minute)
	for procState(t, frozen) == "T" {
		if time.Now().After(deadline) {
			t.Fatal("it is still frozen a minute after its lease")
		}
	}
	p.Await("the fault is not recorded as over", func(s api.Status) string {
		if len(s.Faults) > 0 {
			return s.Faults[0].ID + " is still " + s.Faults[0].State
		}
		return ""
	})
}

func procState(t *testing.T, p process.Process) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return "gone"
	}
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))[0]
}

func oneZone(t *testing.T, p *platformtest.Platform) {
	if out, code := p.Run("fault", "inject", "process-freeze", platformtest.Region+"/a/greenlang", "--for", "20s", "--reason", "test", "--yes", "-o", "name"); code != 0 {
		t.Fatalf("exit %d: %s", code, out)
	} else {
		defer p.Run("fault", "clear", strings.TrimSpace(out))
	}
	out, code := p.Run("fault", "inject", "zone-kill", platformtest.Region+"/b", "--reason", "test", "--yes")
	if code != 4 || !strings.Contains(out, "a second zone would break the quorum") {
		t.Fatalf("exit %d: %s", code, out)
	}
	for bad, say := range map[string]string{"process-kill us-east-1/z/redis": "no zone", "zone-kill us-east-1/a/redis": "needs a zone"} {
		args := append([]string{"fault", "inject"}, strings.Fields(bad)...)
		if out, code := p.Run(append(args, "--reason", "test", "--yes")...); code != 4 || !strings.Contains(out, say) {
			t.Errorf("%s: exit %d: %s", bad, code, out)
		}
	}
	if out, code := p.Run("fault", "inject", "melt", platformtest.Region+"/a", "--reason", "test", "--yes"); code != 2 || !strings.Contains(out, "does not exist") {
		t.Errorf("a kind that there is not: exit %d: %s", code, out)
	}
}

// evidenceIsProved reads the figures of what the scenarios before have done.
func evidenceIsProved(t *testing.T, p *platformtest.Platform) {
	var e api.Evidence
	out, code := p.Run("evidence", "availability", "-o", "json")
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&e); err != nil { // lines for people follow
		t.Fatalf("exit %d: %v: %s", code, err, out)
	}
	if m := e.Platform; m.Known < 30 || m.Requests < 1000 || m.Customer == nil || *m.Customer <= 0 || *m.Customer > 1 || (code == 3) != (*m.Customer < e.Target) || len(e.Cells) != 12 || len(e.BurnDown) != 61 {
		t.Errorf("exit %d: %s", code, out)
	}
	for name, least := range map[string]int{"rto": 5, "rpo": 5} {
		var f api.Figure
		out, code := p.Run("evidence", name, "--of", "practice", "-o", "json")
		if err := json.Unmarshal([]byte(out), &f); code != 0 || err != nil || f.N < least || f.Max == nil || *f.Max > 30 || len(f.Entries) == 0 {
			t.Fatalf("%s: exit %d %v: %s", name, code, err, out)
		}
		if out, code := p.Run("journal", "show", fmt.Sprint(f.Entries[0])); code != 0 {
			t.Errorf("entry %d behind %s: exit %d: %s", f.Entries[0], name, code, out)
		}
	}
	if out, code := p.Run("evidence", "availability", "--since", "yesterday"); code != 2 || !strings.Contains(out, "24h") {
		t.Errorf("exit %d: %s", code, out)
	}
}

func journalVerifies(t *testing.T, p *platformtest.Platform) {
	if out, code := p.Run("journal", "verify"); code != 0 {
		t.Fatalf("exit %d: %s", code, out)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(p.Root, "server", "journal"))); err != nil {
		t.Fatal(err)
	}
	segment := filepath.Join(dir, "log", "00000000000000000000.seg")
	b, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(segment, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := p.Run("journal", "verify", "--from", dir); code != 5 || !strings.Contains(out, "damaged at entry") {
		t.Fatalf("a flipped bit: exit %d: %s", code, out)
	}
	if out, code := p.Run("journal", "list", "--kind", "operation.ended", "-o", "json"); code != 0 || !strings.Contains(out, `"succeeded"`) {
		t.Fatalf("exit %d: %s", code, out)
	}
}

// noSecrets looks for every secret in arguments, logs, the journal and the edge's configuration.
func noSecrets(t *testing.T, p *platformtest.Platform) {
	s, err := place.LoadSecrets(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	secrets := texts(t, "Secrets", reflect.ValueOf(s))
	for _, one := range []string{s.Token, s.NodeToken, s.Servers, s.Applications[place.GreenLang]} {
		if one == "" || secrets[one] == "" {
			t.Fatalf("not every secret is looked for: %v", slices.Sorted(maps.Values(secrets)))
		}
	}
	look := func(where string, b []byte) {
		for secret, name := range secrets {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds %s", where, name)
			}
		}
	}
	members, err := process.Members(p.Root)
	if err != nil || len(members) < 20 {
		t.Fatalf("only %d processes found: %v", len(members), err)
	}
	for _, m := range members {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", m.PID))
		if err == nil {
			look("the command line of process "+fmt.Sprint(m.PID), b)
		}
	}
	seen := map[string]int{}
	err = filepath.WalkDir(p.Root, func(path string, d fs.DirEntry, err error) error {
		kind := filepath.Ext(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // the engines work on
			return nil
		case err != nil || d.IsDir() || (kind != ".log" && kind != ".seg" && d.Name() != "edge.json"):
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		seen[kind]++
		look(path, b)
		return err
	})
	if err != nil || seen[".log"] < 5 || seen[".seg"] == 0 || seen[".json"] == 0 {
		t.Errorf("files seen %v: %v", seen, err)
	}
}

// texts returns every text in a value by where it stands there, so that no field can be
// forgotten; empty ones are not set.
func texts(t *testing.T, name string, v reflect.Value) map[string]string {
	t.Helper()
	out := map[string]string{}
	switch v.Kind() {
	case reflect.String:
		if v.Len() > 0 {
			out[v.String()] = name
		}
	case reflect.Struct:
		for i := range v.NumField() {
			maps.Copy(out, texts(t, name+"."+v.Type().Field(i).Name, v.Field(i)))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			maps.Copy(out, texts(t, name+"."+key.String(), v.MapIndex(key)))
		}
	default:
		t.Fatalf("%s is a %s: say here how it is looked for", name, v.Kind())
	}
	return out
}
