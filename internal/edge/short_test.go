package edge_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/platformtest/leaks"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// shortDir in the environment makes the test binary an edge with few descriptors.
const shortDir = "EDGE_TEST_SHORT"

const fewDescriptors = 256

func TestMain(m *testing.M) {
	if dir := os.Getenv(shortDir); dir != "" {
		if err := serveShort(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	leaks.Main(m)
}

// serveShort serves the configuration in dir, and answers each line with its report.
func serveShort(dir string) error {
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: fewDescriptors, Max: fewDescriptors}); err != nil {
		return err
	}
	e := edge.New(edge.Options{Dir: dir})
	if err := e.Start(); err != nil {
		return err
	}
	defer e.Stop()
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := out.Encode(e.Report()); err != nil {
			return err
		}
	}
	return nil
}

// shortEdge is an edge process with few descriptors.
type shortEdge struct {
	t   *testing.T
	in  io.Writer
	out *json.Decoder
}

func startShort(t *testing.T, c edge.Config) *shortEdge {
	t.Helper()
	dir := t.TempDir()
	if err := edge.New(edge.Options{Dir: dir}).Apply(c); err != nil { // it only stores
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), shortDir+"="+dir), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the edge ended by %v", err)
		}
	})
	x := &shortEdge{t, in, json.NewDecoder(out)}
	eventually(t, func() bool { return x.report().Running }, "the edge serves")
	return x
}

func (x *shortEdge) report() (r edge.Report) {
	x.t.Helper()
	if _, err := fmt.Fprintln(x.in); err != nil {
		x.t.Fatal(err)
	}
	if err := x.out.Decode(&r); err != nil {
		x.t.Fatal(err)
	}
	return r
}

// accuses fails where the edge says that anybody is down, or has ever said so.
func accuses(t *testing.T, r edge.Report) {
	t.Helper()
	for _, v := range r.Targets {
		if !v.Up || v.Ejected || v.Breaker != "closed" {
			t.Fatalf("it accuses the target %+v", v)
		}
	}
	for _, v := range r.DNS.Regions {
		if !v.Up {
			t.Fatalf("it accuses the region %+v", v)
		}
	}
	for _, v := range r.TCP {
		if v.Leader != "a" || v.Cut != 0 {
			t.Fatalf("it has left the leader: %+v", v)
		}
	}
	for _, e := range r.Events {
		switch e.Kind {
		case event.TargetDown, event.RegionDown, event.LeaderLost, event.BreakerOpen, event.SessionsCut, event.PanicBegan:
			t.Fatalf("it has told of %+v", e)
		}
	}
}

// An edge whose idle clients have taken all of its descriptors accuses nobody, does not spin,
// says what it lacks, and serves everybody once they are gone.
func TestWithoutDescriptorsNobodyIsAccused(t *testing.T) {
	t.Parallel()
	node, witness := redis(t)
	web, names, cache := loopback.Free(t), loopback.Free(t), loopback.Free(t)
	target := backend(t, saying("hello"))
	often := edge.Duration(100 * time.Millisecond)
	c := edge.Config{
		Version: 1, Region: "east",
		HTTP: []edge.HTTPService{{
			Name: "api", Listen: web, HealthPath: "/readyz", Policy: edge.HTTPPolicy{ProbeEvery: often, ReprobeEvery: often},
			Targets: []edge.Target{{Name: "t", Address: target, HealthPath: "/readyz"}},
		}},
		TCP: []edge.TCPService{{Name: "cache", Listen: cache, Protocol: "redis", Master: "main", Members: []edge.Member{{Name: "a", Address: node, Witness: witness}}}},
		DNS: &config.DNS{
			Zone: "greenlang.test.", Service: "api", Listen: []string{names}, TTL: edge.Duration(5 * time.Second),
			Regions: []config.DNSRegion{{Name: "east", Address: "127.1.0.1", Open: true, Probe: target, Path: "/readyz"}},
		},
	}
	x := startShort(t, c)
	eventually(t, func() bool { r := x.report(); return r.TCP[0].Leader == "a" && !r.DNS.Regions[0].Since.IsZero() }, "the leader is found")
	session := opened(t, cache)
	ping(t, session)
	if got := get(t, web); got != "hello" {
		t.Fatal(got)
	}

	var idle []net.Conn
	leave := func() {
		for _, c := range idle {
			c.Close()
		}
		idle = nil
	}
	t.Cleanup(leave)
	for _, door := range []string{web, cache, names} { // the last ones wait at the other doors
		for range 2 * fewDescriptors {
			idle = append(idle, opened(t, door))
		}
	}
	began := time.Time{}
	eventually(t, func() bool {
		r := x.report()
		accuses(t, r)
		blind := r.Targets[0].Blind != "" && r.DNS.Regions[0].Blind != "" && r.TCP[0].Members[0].Blind != ""
		if began.IsZero() && blind {
			began = r.At
		}
		return !began.IsZero() && r.At.Sub(began) > 5*time.Second // long enough to accuse a region three times
	}, "the shortage has lasted")
	ping(t, session) // who is served goes on
	r := x.report()
	t.Logf("%+v after %v", r.Descriptors, r.At.Sub(began))
	if d := r.Descriptors; d.Limit != fewDescriptors || d.Open < fewDescriptors-8 || d.Lacked.IsZero() {
		t.Errorf("it does not say what it lacks: %+v", d)
	}
	// Looking takes some 20 tries a second, and each of three doors at most 8 and then one.
	if most := 1000.0 + 50*r.At.Sub(began).Seconds(); float64(r.Descriptors.Failures) > most {
		t.Errorf("%d tries: it spins", r.Descriptors.Failures)
	}

	leave()
	eventually(t, func() bool {
		r := x.report()
		accuses(t, r)
		return r.Targets[0].Blind == "" && r.DNS.Regions[0].Blind == "" && r.TCP[0].Members[0].Blind == ""
	}, "it sees again")
	if got := get(t, web); got != "hello" {
		t.Errorf("afterwards: %s", got)
	}
	if got := resolve(names); got != "127.1.0.1" {
		t.Errorf("afterwards the name has the address %q", got)
	}
	ping(t, session)
	ping(t, opened(t, cache))
}

func opened(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ping(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "*1\r\n$4\r\nPING\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, len("+PONG\r\n"))); err != nil {
		t.Fatal(err)
	}
}
