package verb

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
)

// An operation is waited for while servers are away, and each of its states is shown once it
// is known.
func TestAwait(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		states string // an answer each; "away" is a server that cannot answer
		code   int
		says   string
	}{
		{"running away away succeeded", OK, ""},
		{"requested failed", Failed, "move-1 is failed: no leader"},
		{"running rolled-back", Failed, "move-1 is rolled-back: no leader"},
		{"refused", Refused, "move-1 is refused: no leader"},
		{"away waiting-approval", Refused, "fournines approve move-1"},
		{"gone", Failed, "no operation"},
	} {
		states := strings.Fields(c.states)
		n := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			state := states[n]
			n++
			switch state {
			case "away":
				w.WriteHeader(http.StatusServiceUnavailable)
			case "gone":
				http.Error(w, `{"title":"no operation"}`, http.StatusNotFound)
			default:
				_ = json.NewEncoder(w).Encode(api.Operation{ID: "move-1", State: state, Error: "no leader"}) // a client that is gone fails its own test
			}
		}))
		var shown []string
		o, err := await(t.Context(), client.NewClient("", server.Listener.Addr().String()), "move-1", func(o api.Operation) { shown = append(shown, o.State) })
		server.Close()
		if Code(err) != c.code || err != nil && !strings.Contains(err.Error(), c.says) || n != len(states) {
			t.Errorf("%s: %v after %d answers", c.states, err, n)
		}
		if want := strings.Join(strings.Fields(strings.NewReplacer("away", "", "gone", "").Replace(c.states)), " "); strings.Join(shown, " ") != want || !strings.HasSuffix(c.states, o.State) {
			t.Errorf("%s: shown are %v, and %s is returned", c.states, shown, o.State)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := await(ctx, client.NewClient("", "127.0.0.1:1"), "move-1", func(api.Operation) {}); err == nil {
		t.Error("a caller that has given up is told that the operation is over")
	}
}
