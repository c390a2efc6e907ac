package app

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/wing"
)

// A browser sends the console's cookie along from every site; a program sends the token.
func TestAnotherSiteCannotAskWithTheCookie(t *testing.T) {
	t.Parallel()
	s := &ServerApp{House: &wing.House{}}
	s.Secrets.Token = "secret"
	h := s.people(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for _, c := range []struct {
		method, site string
		bearer       bool
		want         int
	}{
		{http.MethodPost, "cross-site", false, http.StatusForbidden},
		{http.MethodDelete, "same-site", false, http.StatusForbidden}, // another port of this machine
		{http.MethodPost, "same-origin", false, http.StatusNoContent},
		{http.MethodGet, "cross-site", false, http.StatusNoContent}, // its answer is unreadable there
		{http.MethodPost, "", false, http.StatusNoContent},          // no browser
		{http.MethodPost, "cross-site", true, http.StatusNoContent},
	} {
		r := httptest.NewRequest(c.method, "/v1/switchovers", nil)
		r.Header.Set("Sec-Fetch-Site", c.site)
		if c.bearer {
			r.Header.Set("Authorization", "Bearer secret")
		} else {
			r.AddCookie(&http.Cookie{Name: api.Cookie, Value: "secret"}) //nolint:gosec // a request's cookie has no attributes
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}
