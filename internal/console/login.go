package console

import (
	"bytes"
	"net/http"
)

// Login draws the page that asks for a token. Its form posts the field `token` to
// /login, which the wiring serves before this package's handler. A problem is
// shown above the form with status 401; without one the status is 200.
func Login(w http.ResponseWriter, _ *http.Request, problem string) {
	var page bytes.Buffer
	secureHeaders(w.Header())
	if err := parsePage(parseBase(), embedded, "login").ExecuteTemplate(&page, "login", problem); err != nil {
		http.Error(w, "The login page could not be drawn: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if problem != "" {
		w.WriteHeader(http.StatusUnauthorized)
	}
	_, _ = w.Write(page.Bytes()) // the reader left; there is nobody to tell
}
