package node_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/node"
)

const shortEnv = "FOURNINES_TEST_SHORT"

// A node without descriptors leaves what it knows of a unit as it was, and neither kills nor
// starts one. It is a process of its own, since the tests of one share its descriptors.
func TestANodeWithoutDescriptorsKeepsWhatItKnows(t *testing.T) {
	t.Parallel()
	url := os.Getenv(shortEnv)
	if url == "" {
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		t.Cleanup(s.Close)
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), shortEnv+"="+s.URL)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	http.DefaultTransport.(*http.Transport).DisableKeepAlives = true //nolint:forcetypeassert // it is the default
	a := assignment("exec sleep 100")
	a.Units[0].Ready = node.Ready{HTTP: url}
	d := newDesk(t, a)
	run(t, t.TempDir(), d)
	before := d.unit(t, "it is ready", func(u fact.Unit) bool { return u.Ready })
	take, back := exhaust(t)
	blind := d.unit(t, "its node is blind", func(u fact.Unit) bool {
		take() // a check that was under way may give one back
		return strings.Contains(u.Error, "its node cannot look")
	})
	if !blind.Ready || blind.State != fact.UnitRunning || blind.PID != before.PID || blind.Restarts != 0 {
		t.Errorf("%+v after %+v", blind, before)
	}
	again := a // a change looks for fences as well
	again.Fenced = map[string]node.Fence{"other": {Epoch: "1"}}
	d.put(t, again)
	d.mu.Lock()
	if had := d.posted.Descriptors; had.Limit != 64 || had.Open < 60 || had.Lacked.IsZero() {
		t.Errorf("it does not say what it lacks: %+v", had)
	}
	d.mu.Unlock()
	back()
	after := d.unit(t, "its node sees it", func(u fact.Unit) bool { return u.Error == "" })
	if !after.Ready || after.PID != before.PID || after.Restarts != 0 {
		t.Errorf("%+v after %+v", after, before)
	}
}

// exhaust takes every descriptor. What it returns takes those that have come free since, and
// gives all back.
func exhaust(t *testing.T) (take, back func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	var taken []int
	take = func() {
		for {
			fd, err := unix.Dup(0)
			if err != nil {
				return
			}
			taken = append(taken, fd)
		}
	}
	take()
	return take, func() {
		for _, fd := range taken {
			_ = unix.Close(fd)
		}
	}
}
