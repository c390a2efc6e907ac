package console_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/console"
	"github.com/greenlang/fournines/internal/console/consoletest"
)

func TestOtherOriginsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		headers map[string]string
		allowed bool
	}{
		{"a page of the console", map[string]string{"Sec-Fetch-Site": "same-origin"}, true},
		{"an old browser, own origin", map[string]string{"Origin": "http://console.test"}, true},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.test"}, false},
		{"a sibling host", map[string]string{"Sec-Fetch-Site": "same-site"}, false},
		{"an old browser, another origin", map[string]string{"Origin": "http://evil.test"}, false},
		{"nobody says from where", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := consoletest.New()
			r := httptest.NewRequest(http.MethodPost, "http://console.test/verbs/clear-fault", strings.NewReader("id=fault-7"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for name, value := range c.headers {
				r.Header.Set(name, value)
			}
			answer := httptest.NewRecorder()
			consoletest.Console(f).ServeHTTP(answer, r)
			if allowed := len(f.Asked) == 1; allowed != c.allowed {
				t.Errorf("reached the action: %t, want %t (status %d)", allowed, c.allowed, answer.Code)
			}
			if !c.allowed && answer.Code != http.StatusForbidden {
				t.Errorf("answered %d, want 403", answer.Code)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	handler := consoletest.Console(consoletest.New())
	for _, address := range []string{"/", "/nothing-here", "/static/console.css", "/events?page=none"} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, address, nil))
		policy := answer.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", address, policy)
		}
		if answer.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s lets the browser guess types", address)
		}
	}
}

// TestErrors is about addresses that cannot be answered.
func TestErrors(t *testing.T) {
	t.Parallel()
	handler := consoletest.Console(consoletest.New())
	for _, c := range []struct {
		address string
		status  int
		words   string
	}{
		{"/regions/mars-1", 404, "not in the spec"},
		{"/regions/us-east-1/switchover?cluster=us-east-1/kafka", 404, "find cluster"},
		{"/operations/none", 404, "Not found"},
		{"/operations?state=lost", 400, "waiting-approval"},
		{"/operations?stat=failed", 400, "no filter named &#34;stat&#34;"},
		{"/drills/none", 404, "Not found"},
		{"/journal/260", 404, "260 entries"},
		{"/journal/last", 400, "no journal index"},
		{"/journal?before=ten", 400, "no journal index"},
		{"/journal?from=9&before=9", 400, "No entry is at or after 9"},
		{"/events?page=none", 400, "no page is named"},
		{"/events?page=region&key=mars-1", 404, "not in the spec"},
	} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, c.address, nil))
		if answer.Code != c.status || !strings.Contains(strings.ToLower(answer.Body.String()), strings.ToLower(c.words)) {
			t.Errorf("GET %s answered %d, want %d with %q:\n%s", c.address, answer.Code, c.status, c.words, answer.Body)
		}
	}
}

// TestSourceDown draws a page that says so, even without anything to show.
func TestSourceDown(t *testing.T) {
	t.Parallel()
	f := consoletest.New()
	f.Broken = errors.New("state: etcd has no leader")
	answer := httptest.NewRecorder()
	consoletest.Console(f).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	if answer.Code != http.StatusInternalServerError || !strings.Contains(answer.Body.String(), "etcd has no leader") {
		t.Errorf("answered %d:\n%s", answer.Code, answer.Body)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	answer := httptest.NewRecorder()
	console.Login(answer, httptest.NewRequest(http.MethodGet, "/login", nil), "")
	if answer.Code != 200 || !strings.Contains(answer.Body.String(), `action="/login"`) {
		t.Errorf("answered %d:\n%s", answer.Code, answer.Body)
	}
	answer = httptest.NewRecorder()
	console.Login(answer, httptest.NewRequest(http.MethodGet, "/login", nil), "That <token> is not known.")
	if answer.Code != 401 || !strings.Contains(answer.Body.String(), "That &lt;token&gt; is not known.") {
		t.Errorf("answered %d:\n%s", answer.Code, answer.Body)
	}
}
