package api

import (
	"fmt"
	"net/http"
	"strings"
)

// below is where all routes of the API are.
const below = "/v1/"

// unrouted answers below [below] where no route is: 405 with the methods that the path has, or
// else 404. Both are problems (RFC 9457), and never a page for people.
func unrouted(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != below {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			Refuse(w, http.StatusNotFound, "Not found", fmt.Sprintf("the API has nothing at %s; /openapi.json lists what it has", r.URL.Path))
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		Refuse(w, http.StatusMethodNotAllowed, "Method not allowed", fmt.Sprintf("%s does not take %s; it takes %s", r.URL.Path, r.Method, strings.Join(allowed, ", ")))
	}
}
