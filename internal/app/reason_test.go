package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
)

// Whatever keeps a reason refuses blanks, and does nothing. The document of the API names the
// routes, so that one that is added later is asked as well.
func TestABlankReasonIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	var s ServerApp // nothing may be asked of it
	routes, _ := s.opened()
	api.Mount(mux, "test", routes...)
	document := httptest.NewRecorder()
	mux.ServeHTTP(document, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	type schema struct {
		Ref        string                     `json:"$ref"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var d struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name string `json:"name"`
				In   string `json:"in"`
			} `json:"parameters"`
			Body struct {
				Content map[string]struct {
					Schema schema `json:"schema"`
				} `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for path, methods := range d.Paths {
		for method, o := range methods {
			name := d.Components.Schemas[strings.TrimPrefix(o.Body.Content["application/json"].Schema.Ref, "#/components/schemas/")]
			_, body := name.Properties["reason"]
			if strings.Contains(path, "/drills/reports/") {
				continue // a report as it stands: the run that began it gave the reason
			}
			query := url.Values{}
			for _, p := range o.Parameters {
				if p.In == "query" && p.Name == "reason" {
					query.Set("reason", " \t ")
				}
			}
			if !body && len(query) == 0 {
				continue
			}
			asked++
			address := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "1") + "?" + query.Encode()
			r := httptest.NewRequest(strings.ToUpper(method), address, strings.NewReader(`{"reason": " \t "}`))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			var p client.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusUnprocessableEntity || !strings.Contains(p.Error(), "the reason is blank") {
				t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
		}
	}
	if asked < 12 {
		t.Errorf("only %d routes take a reason", asked)
	}
}
