package client

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Whatever answers: what is shown of it is short, and never a page for people.
func TestReadProblem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, body, want string }{
		{"application/problem+json", `{"status":409,"title":"Refused","detail":"no"}`, "no"},
		{"text/plain", "no such thing\n", "no such thing"},
		{"text/html; charset=utf-8", "<!doctype html><title>x</title>", "a page"},
		{"text/plain", strings.Repeat("x", 5000), strings.Repeat("x", 1000)},
	} {
		err := ReadProblem(&http.Response{StatusCode: http.StatusConflict, Status: "409 Conflict", Header: http.Header{"Content-Type": {c.kind}}, Body: io.NopCloser(strings.NewReader(c.body))})
		if text := err.Error(); !strings.Contains(text, c.want) || strings.Contains(text, "<") || len(text) > 1100 {
			t.Errorf("%s: %.200s", c.kind, text)
		}
	}
}
