package serve

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/greenlang/fournines/internal/greenlang/cache"
	"github.com/greenlang/fournines/internal/greenlang/store"
)

func TestTokenAndLoopback(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	base := Options{Postgres: store.Options{Address: "127.0.0.1:1"}, Redis: cache.Options{Address: "127.0.0.1:1"}}
	for listen, token := range map[string]string{"0.0.0.0:80": "", ":80": "", "example.test:80": "", "nonsense": file} {
		o := base
		o.Listen, o.TokenFile = listen, token
		if s, err := New(o); err == nil {
			s.Close()
			t.Errorf("%q without a token was accepted", listen)
		}
	}
	base.Listen, base.TokenFile = "127.0.0.1:0", file
	s, err := New(base)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h := s.Handler()
	for _, c := range []struct {
		path, authorization string
		status              int
	}{
		{"/v1/customers/x", "", 401}, {"/v1/customers/x", "Bearer wrong", 401}, {"/v1/customers/x", "Bearer secret", 422},
		{"/debug/misbehave", "Bearer secret", 404}, {"/livez", "", 200}, {"/readyz", "", 200},
		{"/readyz/read", "", 401}, {"/readyz/read", "Bearer secret", 422},
	} {
		r, w := httptest.NewRequest(http.MethodGet, c.path, nil), httptest.NewRecorder()
		r.Header.Set("Authorization", c.authorization)
		if h.ServeHTTP(w, r); w.Code != c.status {
			t.Errorf("%s %q: %d, want %d", c.path, c.authorization, w.Code, c.status)
		}
	}
}
