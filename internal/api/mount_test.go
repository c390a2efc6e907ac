package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
)

// What the API does not have, it refuses as a problem that programs read, also where the
// console answers everything else with pages.
func TestWhatIsNotRoutedIsAProblem_7_6_3(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	taken := ""
	api.Mount(mux, "test", func(x huma.API) {
		api.MountList(x, "/v1/things", func(context.Context) ([]string, error) { return []string{"a"}, nil })
		huma.Put(x, "/v1/things/{id}", func(_ context.Context, in *struct {
			ID   string `path:"id"`
			Body struct {
				Reason api.Reason `json:"reason" minLength:"1" maxLength:"1024"`
			}
		}) (*struct{}, error) {
			taken = string(in.Body.Reason)
			return api.AnswerNothing(nil)
		})
		huma.Delete(x, "/v1/things/{id}", func(_ context.Context, _ *struct {
			ID     string     `path:"id"`
			Reason api.Reason `query:"reason" required:"true" minLength:"1"`
		}) (*struct{}, error) {
			return api.AnswerNothing(nil)
		})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusForbidden)
	})
	for _, c := range []struct {
		method, path, body string
		status             int
		allow, says        string
	}{
		{"GET", "/v1/things", "", 200, "", ""},
		{"HEAD", "/v1/things", "", 200, "", ""},
		{"POST", "/v1/things", "{}", 405, "GET, HEAD", "/v1/things does not take POST; it takes GET, HEAD"},
		{"PATCH", "/v1/things/a", "{}", 405, "PUT, DELETE", "it takes PUT, DELETE"},
		{"BREW", "/v1/things", "", 405, "GET, HEAD", "does not take BREW"},
		{"GET", "/v1/nosuch", "", 404, "", "the API has nothing at /v1/nosuch"},
		{"POST", "/v1/", "", 404, "", "/openapi.json lists"},
		{"GET", "/v1/things/a/b", "", 404, "", "the API has nothing at"},
		{"PUT", "/v1/things/a", `{"reason":" why "}`, 204, "", ""},
		{"PUT", "/v1/things/a", `{"reason":""}`, 422, "", "expected length >= 1"},
		{"PUT", "/v1/things/a", `{"reason":" \t\n"}`, 422, "", "the reason is blank"},
		{"DELETE", "/v1/things/a?reason=why", "", 204, "", ""},
		{"DELETE", "/v1/things/a?reason=%20%20", "", 422, "", "the reason is blank"},
		{"DELETE", "/v1/things/a", "", 422, "", "required"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		mux.ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("Allow") != c.allow || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s: %d with Allow %q, want %d with %q and %q: %s", c.method, c.path, w.Code, w.Header().Get("Allow"), c.status, c.allow, c.says, w.Body)
		}
		var p client.Problem
		if c.status >= 400 && (w.Header().Get("Content-Type") != "application/problem+json" || json.Unmarshal(w.Body.Bytes(), &p) != nil || p.Status != c.status) {
			t.Errorf("%s %s is answered with no problem: %s %s", c.method, c.path, w.Header().Get("Content-Type"), w.Body)
		}
	}
	if taken != " why " {
		t.Errorf("the reason arrived as %q", taken)
	}
}
