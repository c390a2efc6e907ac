// Package platformtest brings a whole region up on real engines, for tests: the
// binaries are built, `fournines up` is run as a person would, and everything is
// stopped at the end.
//
// Each region is in a network of its own (package loopback), so that its addresses collide
// neither with another test's nor with a platform that a person runs.
package platformtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/strict"
	"github.com/greenlang/fournines/internal/spec"
)

// Region is the name of the region that runs.
const Region = "us-east-1"

// Platform is a region that runs.
type Platform struct {
	Root   string // data directory
	Binary string // fournines
	Listen string // API and console
	Token  string
	Client *client.Client
	// Networks of the regions that run, by name: region X is 127.NETWORK.ZONE.1.
	Networks map[string]loopback.Network

	args []string
	t    testing.TB
}

// Options say how the platform shall be.
type Options struct {
	Args   []string                     // more arguments of `up`; --regions says which run, Region alone otherwise
	Change func(platform string) string // edits the platform file; nil: GreenLang's own
	Kafka  bool                         // brokers run as well; without, the platform declares none
}

// Start builds, brings up and waits until everything is healthy. Without the
// engines it skips, saying what is not proved.
func Start(t testing.TB, o Options) *Platform {
	t.Helper()
	programs, err := assign.FindPrograms(t.Context(), place.EnginesRoot())
	if err == nil && o.Kafka {
		err = assign.Suffice(programs, spec.Engines{Kafka: spec.Kafka{Brokers: 1}})
	}
	if err != nil {
		strict.Skip(t, "nothing of this test, which needs real engines", err)
	}
	p := Prepare(t, o)
	p.Up()
	t.Cleanup(func() {
		if t.Failed() {
			p.logs()
		}
		p.Down()
	})
	return p
}

// Prepare builds the binaries and writes the platform file, and starts nothing.
func Prepare(t testing.TB, o Options) *Platform {
	t.Helper()
	// The engines' own user must be able to enter; t.TempDir is closed to others.
	root, err := os.MkdirTemp("", "fournines-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(root); err != nil {
			t.Errorf("remove %s: %v", root, err)
		}
	})
	if err := os.Chmod(root, 0o755); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	p := &Platform{Root: filepath.Join(root, "data"), Binary: filepath.Join(root, "build", "fournines"), t: t}
	p.build(filepath.Join(root, "build"))
	text := p.settle(string(spec.BuiltInYAML()), o.Args)
	if !o.Kafka {
		text = strings.NewReplacer("brokers: 3", "brokers: 0", "replicationFactor: 3", "replicationFactor: 0", "minInSync: 2", "minInSync: 0").Replace(text)
	}
	if o.Change != nil {
		text = o.Change(text)
	}
	file := filepath.Join(root, "platform.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Listen = loopback.Free(t)
	p.args = append([]string{"up", "--detach", "--data", p.Root, "-f", file, "--listen", p.Listen, "--dns", loopback.Free(t)}, o.Args...)
	if !slices.Contains(o.Args, "--regions") {
		p.args = append(p.args, "--regions", Region)
	}
	return p
}

// settle gives each region that runs a network, and says so in the platform file.
func (p *Platform) settle(text string, args []string) string {
	p.t.Helper()
	regions := Region
	if i := slices.Index(args, "--regions"); i >= 0 {
		regions = args[i+1]
	}
	p.Networks = map[string]loopback.Network{}
	for name := range strings.SplitSeq(regions, ",") {
		p.Networks[name] = loopback.New(p.t)
		at := regexp.MustCompile(`(name: ` + regexp.QuoteMeta(name) + `,\s+number: )\d+,`)
		if !at.MatchString(text) {
			p.t.Fatalf("GreenLang's own platform file has no region %q with a number", name)
		}
		text = at.ReplaceAllString(text, fmt.Sprintf("${1}%d,", p.Networks[name]))
	}
	return text
}

// build builds the programs; with the build cache warm it takes seconds.
func (p *Platform) build(dir string) {
	p.t.Helper()
	for name, cgo := range map[string]string{"fournines": "0", "fournines-objects": "0", "fournines-query": "1", "greenlang": "0"} {
		cmd := exec.Command("go", "build", "-tags", "duckdb", "-o", filepath.Join(dir, name), "github.com/greenlang/fournines/cmd/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
		if out, err := cmd.CombinedOutput(); err != nil {
			p.t.Fatalf("build %s: %v\n%s", name, err, out)
		}
	}
}

// Up runs `fournines up --detach`, which returns when everything is healthy.
func (p *Platform) Up() {
	p.t.Helper()
	out, code := p.run(p.args...)
	if code != 0 {
		p.t.Fatalf("fournines up: exit %d\n%s", code, out)
	}
	s, err := place.LoadSecrets(p.Root)
	if err != nil {
		p.t.Fatal(err)
	}
	_, layout, err := place.LoadInstallation(p.Root)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Token, p.Client = s.Token, client.NewClient(s.Token, layout.ServerListens()...)
	p.Client.Actor = "test"
}

// TryUp runs `fournines up --detach` and returns what it said, for what it shall refuse.
func (p *Platform) TryUp() (out string, code int) {
	p.t.Helper()
	return p.run(p.args...)
}

// Down stops everything.
func (p *Platform) Down() {
	p.t.Helper()
	if out, code := p.run("down", "--yes", "--data", p.Root); code != 0 {
		p.t.Errorf("fournines down: exit %d\n%s", code, out)
	}
}

// Run runs one command of fournines against the platform.
func (p *Platform) Run(args ...string) (out string, code int) {
	p.t.Helper()
	return p.run(append(args, "--data", p.Root)...)
}

func (p *Platform) run(args ...string) (string, int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.Binary, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		return err.Error(), -1
	}
	if cmd.ProcessState.ExitCode() != 0 {
		return stdout.String() + stderr.String(), cmd.ProcessState.ExitCode()
	}
	return stdout.String(), 0
}

// Drill runs a drill to its end and returns its report, whatever its verdict.
func (p *Platform) Drill(name string, args ...string) api.DrillReport {
	p.t.Helper()
	out, code := p.Run(append([]string{"drill", name, "--yes", "-o", "json"}, args...)...)
	var r api.DrillReport
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&r); err != nil {
		p.t.Fatalf("drill %s: exit %d, no report: %v\n%s", name, code, err, out)
	}
	if (code == 0) != (r.Verdict == "pass") {
		p.t.Errorf("drill %s: exit %d with verdict %s", name, code, r.Verdict)
	}
	return r
}

// Status returns the platform's status.
func (p *Platform) Status(ctx context.Context) (api.Status, error) {
	var s api.Status
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return s, p.Client.Call(ctx, http.MethodGet, "/v1/status", "", nil, &s)
}

// Await waits until want says nothing; its last words are the failure.
func (p *Platform) Await(what string, want func(api.Status) string) api.Status {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	for {
		s, err := p.Status(ctx)
		why := ""
		if err != nil {
			why = err.Error()
		} else if why = want(s); why == "" {
			return s
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("%s: %s", what, why)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Healthy waits until every component is healthy and every cluster could fail over.
func (p *Platform) Healthy() api.Status {
	p.t.Helper()
	return p.Await("the platform is not whole", func(s api.Status) string {
		for _, r := range s.Regions {
			for _, c := range r.Components {
				if c.Health != api.Healthy {
					return fmt.Sprintf("%s is %s (%s)", c.ID, c.Health, c.Detail)
				}
			}
			for _, x := range r.Readiness {
				if !x.Ready && !x.Alone {
					return fmt.Sprintf("%s: %v", x.Cluster, x.Reasons)
				}
			}
		}
		return ""
	})
}

// logs prints the end of every log, so that a failure in CI can be understood.
func (p *Platform) logs() {
	_ = filepath.Walk(p.Root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || (!strings.HasSuffix(path, ".log") && filepath.Base(path) != "up.out") {
			return nil //nolint:nilerr // what cannot be read is left out
		}
		b, rerr := os.ReadFile(path)
		if rerr != nil {
			return nil //nolint:nilerr // what cannot be read is left out
		}
		if len(b) > 3000 {
			b = b[len(b)-3000:]
		}
		p.t.Logf("--- %s\n%s", path, b)
		return nil
	})
}

// In returns the platform for a subtest, to which failures then belong.
func (p *Platform) In(t testing.TB) *Platform {
	q := *p
	q.t = t
	return &q
}
