package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
	"github.com/greenlang/fournines/kit/audit"
)

// TestAudit_7_8_5 is an application's audit trail, and a person in it: recorded, looked
// at, erased, and erased still after a restart with the keys of a backup.
func TestAudit_7_8_5(t *testing.T) {
	p := platformtest.Start(t, platformtest.Options{})
	p.Healthy()
	greenlangIsAudited(t, p)

	secrets, err := place.LoadSecrets(p.Root)
	if err != nil {
		t.Fatal(err)
	}
	send := func(token string) audit.Result {
		t.Helper()
		return sendEvent(t, p, token)
	}
	first := send(secrets.Applications[place.GreenLang])
	sealed := entry(t, p, fmt.Sprint(first.Index))
	if strings.Contains(string(sealed.Data), "example.com") || len(sealed.Sealed) != 1 {
		t.Fatalf("%+v %s", sealed, sealed.Data)
	}
	if err := p.Client.Call(t.Context(), http.MethodGet, fmt.Sprintf("/v1/journal/%d?unseal=true", first.Index), "", nil, nil); err == nil || !strings.Contains(err.Error(), "reason") {
		t.Fatalf("unsealed without a reason: %v", err)
	}
	unseal := func(says string) {
		t.Helper()
		out, code := p.Run("journal", "show", fmt.Sprint(first.Index), "--unseal", "--reason", "request 16", "-o", "json")
		if code != 0 || !strings.Contains(out, says) {
			t.Fatalf("exit %d, without %q: %s", code, says, out)
		}
	}
	unseal("ada@example.com")
	if looks := list(t, p, "personal.unsealed"); len(looks) != 1 || looks[0].Reason != "request 16" || !strings.Contains(string(looks[0].Data), sealed.Sealed[0]) {
		t.Fatalf("who looked is not recorded: %+v", looks)
	}

	keys, backup := filepath.Join(p.Root, place.Server, "persons"), t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(keys)); err != nil {
		t.Fatal(err)
	}
	if out, code := p.Run("person", "erase", "ada", "--reason", "request 17", "--yes", "-o", "json"); code != 0 || !strings.Contains(out, "erased") {
		t.Fatalf("exit %d: %s", code, out)
	}
	isErased := func() {
		t.Helper()
		unseal(`"erased"`)
		e := entry(t, p, fmt.Sprint(first.Index))
		if len(e.Erased) != 1 || e.Hash != sealed.Hash || !bytes.Equal(e.Data, sealed.Data) {
			t.Fatalf("%+v", e)
		}
		if by := entry(t, p, fmt.Sprint(e.Erased[0].Entry)); by.Kind != "person.erased" || by.Reason != "request 17" || by.Subject != sealed.Sealed[0] {
			t.Fatalf("%+v", by)
		}
		if out, code := p.Run("journal", "verify"); code != 0 {
			t.Fatalf("exit %d: %s", code, out)
		}
	}
	isErased()

	// The directory of keys is restored from the backup, which still has ada's.
	p.Down()
	if err := os.RemoveAll(keys); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(keys, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	restored, err := filepath.Glob(filepath.Join(keys, "*"))
	if err != nil || len(restored) == 0 {
		t.Fatalf("%v %v", restored, err)
	}
	for _, path := range restored { // others must not read them
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.Up()
	p.Healthy()
	isErased()
	if again := list(t, p, "person.erased-again"); len(again) != 1 {
		t.Fatalf("%+v", again)
	}
	if r := send(secrets.Applications[place.GreenLang]); !r.Duplicate || r.Index != first.Index {
		t.Fatalf("a repeat after the restart is %+v, it was entry %d", r, first.Index)
	}
}

// sendEvent sends one event with personal data, as an application does by itself.
func sendEvent(t *testing.T, p *platformtest.Platform, token string) audit.Result {
	t.Helper()
	c := client.NewClient(p.Token, p.Listen)
	batch := audit.Batch{Events: []audit.Event{{
		ID: "e2e-1", Time: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Tenant: "acme", Actor: "user-7", Action: "address.changed",
		Person: "ada", Personal: map[string]string{"email": "ada@example.com"},
	}}}
	if err := c.Call(t.Context(), http.MethodPost, "/v1/audit", "", batch, nil); err == nil {
		t.Fatal("the people's token records events of an application")
	}
	c.Token = token
	var a audit.Answer
	if err := c.Call(t.Context(), http.MethodPost, "/v1/audit", "", batch, &a); err != nil || len(a.Results) != 1 || a.Results[0].Error != nil {
		t.Fatalf("%v %+v", err, a)
	}
	return a.Results[0]
}

func entry(t *testing.T, p *platformtest.Platform, index string) (e api.Entry) {
	t.Helper()
	if err := p.Client.Call(t.Context(), http.MethodGet, "/v1/journal/"+index, "", nil, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func list(t *testing.T, p *platformtest.Platform, kind string) []api.Entry {
	t.Helper()
	var l struct{ Items []api.Entry }
	if err := p.Client.Call(t.Context(), http.MethodGet, "/v1/journal?kind="+kind, "", nil, &l); err != nil {
		t.Fatal(err)
	}
	return l.Items
}

// greenlangIsAudited makes a customer through the edge, and waits for its entry.
func greenlangIsAudited(t *testing.T, p *platformtest.Platform) {
	t.Helper()
	b, err := json.Marshal(greenlang.NewCustomer{Tenant: "audited-1", Plan: "team", HomeRegion: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a repeat is the same customer, and the same event
		resp, err := http.Post("http://"+p.Networks[platformtest.Region].Host(0, 1, 8080)+"/v1/customers", "application/json", bytes.NewReader(b)) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			t.Fatalf("create a customer: %s", resp.Status)
		}
	}
	p.Await("the customer is not in the journal", func(api.Status) string {
		if got := list(t, p, "audit."); len(got) != 1 || got[0].Actor != "greenlang:api" || !strings.Contains(string(got[0].Data), `"action":"customer.created"`) {
			return fmt.Sprintf("%+v", got)
		}
		return ""
	})
}
