package patroni

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// REST speaks to one member's Patroni.
type REST struct {
	Base     string // http://ADDRESS:8008
	Password string
	Client   *http.Client
}

// memberAnswer is what GET /health says, as far as we use it.
type memberAnswer struct {
	State         string `json:"state"`
	Replication   string `json:"replication_state"`
	Role          string `json:"role"`
	Timeline      int    `json:"timeline"`
	SyncStandby   bool   `json:"sync_standby"`
	QuorumStandby bool   `json:"quorum_standby"`
	Xlog          struct {
		Location         int64 `json:"location"`
		ReceivedLocation int64 `json:"received_location"`
		ReplayedLocation int64 `json:"replayed_location"`
	} `json:"xlog"`
}

// Member asks the member about itself. now stamps the answer. GET /patroni says the same, but asks a
// server that is down again for a second: who stops in order would look silent.
func (r REST) Member(ctx context.Context, name, id string, now func() time.Time) fact.PostgresMember {
	m := fact.PostgresMember{Name: name, ID: id, Looked: now()}
	var a memberAnswer
	if err := r.get(ctx, "health", &a); err != nil {
		m.Error = err.Error()
		return m
	}
	m.Seen, m.State, m.Timeline = now(), a.State, a.Timeline
	if a.Replication != "" { // a running replica: how it replicates says more
		m.State = a.Replication
	}
	m.Role, m.Sync = role(a.Role), a.SyncStandby || a.QuorumStandby
	m.Received, m.Replayed = max(a.Xlog.ReceivedLocation, a.Xlog.Location), max(a.Xlog.ReplayedLocation, a.Xlog.Location)
	return m
}

func role(s string) string {
	if s == "master" || s == "primary" {
		return "primary"
	}
	return s
}

// Switchover asks for a planned move of the leader. Patroni checks that the
// candidate is healthy and in sync; the caller verifies the effect.
func (r REST) Switchover(ctx context.Context, leader, candidate string) error {
	body := map[string]any{"leader": leader}
	if candidate != "" {
		body["candidate"] = candidate
	}
	return r.post(ctx, "switchover", body)
}

// Reinitialize makes the member forget all of its data and copy the leader's, or those of a
// member that stands in, see [Lock.StandIn]. Patroni refuses on the leader itself, and where
// there is none; the caller verifies the effect.
func (r REST) Reinitialize(ctx context.Context, fromLeader bool) error {
	return r.post(ctx, "reinitialize", map[string]any{"force": true, "from_leader": fromLeader})
}

// Knows tells whether the member's Patroni sees another member of that name.
func (r REST) Knows(ctx context.Context, name string) (bool, error) {
	var c struct {
		Members []struct {
			Name string `json:"name"`
		} `json:"members"`
	}
	if err := r.get(ctx, "cluster", &c); err != nil {
		return false, err
	}
	for _, m := range c.Members {
		if m.Name == name {
			return true, nil
		}
	}
	return false, nil
}

func (r REST) get(ctx context.Context, verb string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Base+"/"+verb, nil)
	if err != nil {
		return err
	}
	resp, err := r.Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(into); err != nil {
		return fmt.Errorf("read GET /%s: %w", verb, err)
	}
	return nil
}

func (r REST) post(ctx context.Context, verb string, body map[string]any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Base+"/"+verb, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.SetBasicAuth(RESTUser, r.Password)
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.Client.Do(req)
	if err != nil {
		return fmt.Errorf("ask patroni to %s: %w", verb, err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("patroni refuses to %s (%s): %s", verb, resp.Status, strings.TrimSpace(string(text)))
	}
	return nil
}
