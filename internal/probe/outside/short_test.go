package outside

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/greenlang/fournines/internal/platformtest/short"
)

// A prober without descriptors knows nothing of the platform: its seconds are unknown. It is a
// process of its own, since the tests of one share its descriptors.
func TestWithoutDescriptorsASecondIsUnknown_7_1_12(t *testing.T) {
	t.Parallel()
	if !short.Inside() {
		short.Run(t, "1")
		return
	}
	w := newWorld(t)
	edge := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer edge.Close()
	host, port := split(t, edge.Listener.Addr().String())
	w.address.Store(host)
	p := point(w, port)
	known, fresh := New(p), New(p) // the one knows the name already, the other must ask
	if out := known.ask(t.Context(), p.Homes[0], 1); !out.Served() {
		t.Fatalf("%+v", out)
	}
	short.Limit(t, 1) // nothing new
	for stage, x := range map[string]*Prober{StageConnect: known, StageName: fresh} {
		if out := x.ask(t.Context(), p.Homes[0], 2); !out.Unknown || out.Served() || out.Failed != stage {
			t.Errorf("%s: %+v", stage, out)
		}
	}
}
