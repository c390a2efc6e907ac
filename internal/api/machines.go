package api

import (
	"encoding/json"
	"net/http"

	"github.com/greenlang/fournines/internal/api/client"
)

// These functions answer our own machines, which are not in the API's document: nodes, edges,
// probers and other servers, each kind with a token of its own.

// Holders passes on the requests that carry a token.
func Holders(token, called string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !Authorized(r, token) {
			http.Error(w, "this needs "+called, http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Receive reads the body of a request, of at most 8 MiB; when it cannot, it has answered.
func Receive(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 8<<20)).Decode(v); err != nil {
		http.Error(w, "read report: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// Send answers with a value.
func Send(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) //nolint:errchkjson // a client that is gone asks again
}

// TooEarly answers that nothing was done because no server leads.
func TooEarly(w http.ResponseWriter, detail string) {
	w.Header().Set("Retry-After", "1")
	Refuse(w, http.StatusServiceUnavailable, client.NoLeader, detail)
}

// Refuse answers with a problem (RFC 9457).
func Refuse(w http.ResponseWriter, status int, title, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(client.Problem{Status: status, Title: title, Detail: detail}) //nolint:errchkjson // a client that is gone asks again
}
