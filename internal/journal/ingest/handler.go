package ingest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/kit/audit"
)

// patience is how long a batch may take to arrive. It bounds how long one sender can
// keep a slot from others.
const patience = 10 * time.Second

// ServeHTTP answers POST /v1/audit.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	application, ok := s.application(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeProblem(w, refuse(http.StatusUnauthorized, "this needs an application's token: send Authorization: Bearer TOKEN"))
		return
	}
	answer, err := s.serve(r.Context(), w, r, application)
	if err != nil {
		writeProblem(w, err)
		return
	}
	status := http.StatusOK
	if wait, over := throttled(answer.Results); over {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", seconds(wait))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) //nolint:errchkjson // who does not hear it asks again
}

func (s *Service) serve(ctx context.Context, w http.ResponseWriter, r *http.Request, application string) (audit.Answer, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return audit.Answer{}, refuse(http.StatusUnsupportedMediaType, "send Content-Type: application/json")
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return audit.Answer{}, later(time.Second, "%d batches are being recorded, and more are not queued; send this one again", cap(s.slots))
	}
	if err := s.ready(); err != nil {
		return audit.Answer{}, err
	}
	arrival := http.NewResponseController(w)
	_ = arrival.SetReadDeadline(time.Now().Add(patience)) // where the server has none, the bound on slots remains
	body, err := readBody(r.Body, r.Header.Get("Content-Encoding"))
	_ = arrival.SetReadDeadline(time.Time{})
	if err != nil {
		return audit.Answer{}, err
	}
	events, err := parse(body)
	if err != nil {
		return audit.Answer{}, err
	}
	return s.Take(ctx, application, events)
}

// application returns whose token the request carries. Every token is compared, so that
// the time says nothing.
func (s *Service) application(r *http.Request) (name string, ok bool) {
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	hash := sha256.Sum256([]byte(given))
	for application, token := range s.o.Tokens {
		want := sha256.Sum256([]byte(token))
		if subtle.ConstantTimeCompare(hash[:], want[:]) == 1 && bearer && token != "" {
			name, ok = application, true
		}
	}
	return name, ok
}

// throttled tells whether nothing was recorded, and some events only wait for a quota.
func throttled(results []audit.Result) (wait float64, over bool) {
	for _, r := range results {
		if r.Error == nil {
			return 0, false
		}
		if r.Error.Status == http.StatusTooManyRequests {
			wait, over = max(wait, r.Error.RetryAfter), true
		}
	}
	return wait, over
}

func seconds(s float64) string { return strconv.Itoa(max(1, int(math.Ceil(s)))) }

func writeProblem(w http.ResponseWriter, err error) {
	p := audit.Problem{Title: "Internal Server Error", Status: http.StatusInternalServerError, Detail: err.Error()}
	var bad *invalid
	var busy *unavailable
	switch {
	case errors.As(err, &bad):
		p = bad.Problem
	case errors.As(err, &busy):
		p.Title, p.Status = "Service Unavailable", http.StatusServiceUnavailable
		w.Header().Set("Retry-After", seconds(busy.after.Seconds()))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	b, _ := json.Marshal(p) //nolint:errchkjson // strings and numbers always have a JSON form
	_, _ = w.Write(b)       // who does not hear it asks again
}
