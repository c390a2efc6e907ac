package console

import (
	"net/http"
)

// policy lets a page load from this binary only: no inline script or style, no
// other host, no frame around it, no form that posts elsewhere.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// secure adds the headers every answer carries.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secureHeaders(w.Header())
		next.ServeHTTP(w, r)
	})
}

func secureHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// sameOrigin refuses a request that changes something unless the browser says it
// comes from this origin. Browsers send Sec-Fetch-Site or at least Origin with
// every POST; a request with neither is no form of ours, and programs use the API.
func sameOrigin(refuse http.HandlerFunc, next http.Handler) http.Handler {
	var check http.CrossOriginProtection
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		silent := r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == ""
		if silent || check.Check(r) != nil {
			refuse(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
