package node_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/platformtest/short"
)

// A node without descriptors leaves what it knows of a unit as it was, and neither kills nor
// starts one. It is a process of its own, since the tests of one share its descriptors.
func TestANodeWithoutDescriptorsKeepsWhatItKnows(t *testing.T) {
	t.Parallel()
	if !short.Inside() {
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		t.Cleanup(s.Close)
		short.Run(t, s.URL)
		return
	}
	http.DefaultTransport.(*http.Transport).DisableKeepAlives = true //nolint:forcetypeassert // it is the default
	a := assignment("exec sleep 100")
	a.Units[0].Ready = node.Ready{HTTP: short.Handed()}
	d := newDesk(t, a)
	run(t, t.TempDir(), d)
	before := d.unit(t, "it is ready", func(u fact.Unit) bool { return u.Ready })
	take, back := short.Exhaust(t, 64)
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
