package app

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal/witness"
	"github.com/greenlang/fournines/internal/wing"
)

// told is what a receiver of webhooks reads.
type told struct {
	Type string `json:"type"`
	Data struct {
		Key, Severity, Title string
	} `json:"data"`
}

// An alert goes out once, again only after the receiver refused it, not again after a
// restart, and its end goes out as well.
func TestPeopleAreToldOnce(t *testing.T) {
	t.Parallel()
	got, refuse := make(chan told, 100), make(chan bool, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m told
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || !strings.HasPrefix(r.Header.Get("webhook-signature"), "v1,") {
			t.Errorf("%v %v", r.Header, err)
		}
		select {
		case <-refuse:
			http.Error(w, "no", http.StatusForbidden)
		default:
			got <- m
		}
	}))
	defer receiver.Close()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := newSite(t, fmt.Sprintf("\n  notify:\n    - {name: hook, kind: webhook, secretFile: %s, url: %s, least: critical}\n", secret, receiver.URL))
	seen := map[string]int{}
	next := func(what, kind, key string) {
		t.Helper()
		for { // the site runs no engines, so other alerts come as well
			select {
			case m := <-got:
				seen[m.Type+" "+m.Data.Key]++
				if m.Type == kind && strings.Contains(m.Data.Key, key) {
					return
				}
			case <-time.After(3 * time.Minute):
				t.Fatalf("%s: nobody was told; told were %v", what, seen)
			}
		}
	}
	if err := a.s.alerts.TestNotifier(t.Context(), "hook", "because"); err != nil {
		t.Fatal(err)
	}
	next("a test", "alert.firing", "test-")
	next("a test's end", "alert.resolved", "test-")
	refuse <- true
	if err := a.s.alerts.TestNotifier(t.Context(), "hook", "because"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Fatalf("a receiver that refuses: %v", err)
	}

	trouble := compliance.Trouble{Trouble: witness.Contradicted, Witness: "w", Since: time.Now()}
	if err := wing.Record(t.Context(), a.s.House, compliance.TroubleRaised, "w", trouble); err != nil {
		t.Fatal(err)
	}
	next("a critical finding", "alert.firing", "witness-contradicted/w")
	// That it was told is recorded after the receiver has answered; a server that ends in
	// between tells it again.
	for known, err := false, error(nil); !known; <-a.s.State.Changed() {
		if known, err = a.s.State.Get("told/hook/witness-contradicted/w", &evidence.Delivery{}); err != nil || known {
			break
		}
	}
	a.stop()
	a.start()
	var fired evidence.Alert
	if found, err := a.s.State.Get(evidence.AlertPrefix+"witness-contradicted/w", &fired); !found || err != nil {
		t.Fatalf("%v %v", found, err)
	}
	a.stop()
	a.start()
	if err := wing.Record(t.Context(), a.s.House, compliance.TroubleOver, "w", trouble); err != nil {
		t.Fatal(err)
	}
	next("its end", "alert.resolved", "witness-contradicted/w")
	for key, n := range seen {
		if n > 1 {
			t.Errorf("%s was told %d times", key, n)
		}
	}
	all, err := a.s.alerts.Alerts(t.Context())
	over := slices.ContainsFunc(all, func(a evidence.Alert) bool {
		return a.Key == "witness-contradicted/w" && a.State == evidence.Resolved
	})
	if err != nil || !over { // others of this machine come beside it, such as of a disk that fills
		t.Fatalf("%+v %v", all, err)
	}
}
