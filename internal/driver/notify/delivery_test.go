package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// service is a receiver that gives its answers one after another, the last for ever.
type service struct {
	*httptest.Server

	mu      sync.Mutex
	answers []http.HandlerFunc
	bodies  [][]byte
	headers []http.Header
	paths   []string
}

func serve(t *testing.T, answers ...http.HandlerFunc) *service {
	t.Helper()
	s := &service{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.bodies, s.headers, s.paths = append(s.bodies, body), append(s.headers, r.Header), append(s.paths, r.Method+" "+r.URL.RequestURI())
		answer := s.answers[min(len(s.bodies), len(s.answers))-1]
		s.mu.Unlock()
		answer(rw, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

func status(n int, headers ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			rw.Header().Set(headers[i], headers[i+1])
		}
		rw.WriteHeader(n)
		_, _ = fmt.Fprintf(rw, "answer to %s", r.URL.RequestURI())
	}
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// patient is a delivery that notes its pauses instead of waiting.
func patient(pauses *[]time.Duration) Delivery {
	return Delivery{Now: func() time.Time { return noon }, Wait: func(ctx context.Context, d time.Duration) error {
		*pauses = append(*pauses, d)
		return ctx.Err()
	}}
}

const key32 = "0123456789abcdef0123456789abcdef"

var secret32 = "whsec_" + base64.StdEncoding.EncodeToString([]byte("an octet string of 32 bytes ....")) //nolint:gosec // of this test

// drivers returns each driver speaking to one address.
func drivers(t *testing.T, base string, d Delivery) []Notifier {
	t.Helper()
	p, err := NewPagerDuty(NewSecret(key32), base+"/v2/enqueue", d)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSlack(NewSecret(base+"/services/T00000000/B00000000/XXXXSECRETXXXX"), d)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWebhook("siem", NewSecret(base+"/hook?token=YYYYSECRETYYYY"), NewSecret(secret32), d)
	if err != nil {
		t.Fatal(err)
	}
	return []Notifier{p, s, w}
}

func TestSendOverHTTP(t *testing.T) {
	t.Parallel()
	a := example()
	for i, want := range []struct {
		path  string
		check func([]byte) error
	}{
		{"POST /v2/enqueue", checkPagerDuty},
		{"POST /services/T00000000/B00000000/XXXXSECRETXXXX", func(b []byte) error { return checkSlack(b, a.Link) }},
		{"POST /hook?token=YYYYSECRETYYYY", checkWebhook},
	} {
		s := serve(t, status(202))
		n := drivers(t, s.URL, Delivery{})[i]
		for _, state := range []State{Firing, Resolved} {
			a.State = state
			if err := n.Send(context.Background(), a); err != nil {
				t.Fatal(err)
			}
		}
		for j, body := range s.bodies {
			if err := want.check(body); err != nil || s.paths[j] != want.path || s.headers[j].Get("Content-Type") != "application/json" {
				t.Errorf("%s: %s %v\n%s", n.Name(), s.paths[j], err, body)
			}
		}
		if s.calls() != 2 {
			t.Errorf("%s: %d calls", n.Name(), s.calls())
		}
		a.Severity = "loud"
		if err := n.Send(context.Background(), a); err == nil || s.calls() != 2 {
			t.Errorf("%s: an invalid alert was sent", n.Name())
		}
		a = example()
	}
}

func TestAcknowledge(t *testing.T) {
	t.Parallel()
	s := serve(t, status(202))
	p, err := NewPagerDuty(NewSecret(key32), s.URL, Delivery{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Acknowledge(context.Background(), "k"); err != nil {
		t.Fatal(err)
	}
	want := `{"routing_key":"` + key32 + `","event_action":"acknowledge","dedup_key":"k"}`
	if string(s.bodies[0]) != want || checkPagerDuty(s.bodies[0]) != nil {
		t.Fatalf("%s", s.bodies[0])
	}
	if p.Acknowledge(context.Background(), "") == nil {
		t.Fatal("acknowledged nothing")
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	date := noon.Add(42 * time.Second).Format(http.TimeFormat)
	many := slices.Repeat([]http.HandlerFunc{status(503)}, 20)
	for _, tt := range []struct {
		name    string
		answers []http.HandlerFunc
		calls   int
		pauses  string
		err     string // "" is success
	}{
		{"at once", []http.HandlerFunc{status(200)}, 1, "[]", ""},
		{"after failures", []http.HandlerFunc{status(500), hangUp, status(502), status(204)}, 4, "[1s 2s 4s]", ""},
		{"as Retry-After says", []http.HandlerFunc{status(429, "Retry-After", "30"), status(503, "Retry-After", date), status(200)}, 3, "[30s 42s]", ""},
		{"Retry-After below our own pause", []http.HandlerFunc{status(429, "Retry-After", "0"), status(429, "Retry-After", "-5"), status(200)}, 3, "[1s 2s]", ""},
		{"Retry-After without measure", []http.HandlerFunc{status(429, "Retry-After", "86400"), status(200)}, 2, "[5m0s]", ""},
		{"for ever", many, 8, "[1s 2s 4s 8s 16s 32s 1m4s]", "gave up after 8 tries: it answers 503"},
		{"refused", []http.HandlerFunc{status(400), status(200)}, 1, "[]", "refused: it answers 400"},
		{"gone", []http.HandlerFunc{status(410)}, 1, "[]", "refused: it answers 410"},
		{"moved", []http.HandlerFunc{status(302, "Location", "http://127.0.0.1:1/elsewhere")}, 1, "[]", "refused: it answers 302"},
	} {
		for i := range 3 {
			s := serve(t, tt.answers...)
			pauses := []time.Duration{}
			n := drivers(t, s.URL, patient(&pauses))[i]
			err := n.Send(context.Background(), example())
			if fmt.Sprint(pauses) != tt.pauses || s.calls() != tt.calls {
				t.Errorf("%s, %s: %d calls, pauses %v", n.Name(), tt.name, s.calls(), pauses)
			}
			if (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%s, %s: %v", n.Name(), tt.name, err)
			}
			if err != nil && errors.Is(err, ErrRefused) != strings.HasPrefix(tt.err, "refused") {
				t.Errorf("%s, %s: is it refused? %v", n.Name(), tt.name, err)
			}
			if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "SECRET") {
				t.Errorf("%s, %s: the error shows the secret: %#v", n.Name(), tt.name, err)
			}
		}
	}
}

// No error of any kind of failure repeats a secret.
func TestSecretsStayOutOfErrors(t *testing.T) {
	t.Parallel()
	echo := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rw.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(rw, "no: %s %s %s %s", r.URL, r.URL.Path, key32, body)
	})
	dead := httptest.NewServer(nil)
	dead.Close()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, try := range map[string]func(n Notifier) error{
		"ended": func(n Notifier) error { return n.Send(ended, example()) },
		"other": func(n Notifier) error { return n.Send(context.Background(), example()) },
	} {
		for _, base := range []string{echo.URL, dead.URL} {
			var pauses []time.Duration
			for _, n := range drivers(t, base, patient(&pauses)) {
				err := try(n)
				if err == nil {
					t.Fatalf("%s, %s: no error", n.Name(), name)
				}
				for e := err; e != nil; e = errors.Unwrap(e) {
					shown := fmt.Sprintf("%v %+v", e, e)
					if strings.Contains(shown, "SECRET") || (n.Name() == "pagerduty" && strings.Contains(shown, key32)) || strings.Contains(shown, secret32[6:]) {
						t.Errorf("%s, %s: %s", n.Name(), name, shown)
					}
				}
				if name == "ended" && !errors.Is(err, context.Canceled) {
					t.Errorf("%s: the end of the context is hidden: %v", n.Name(), err)
				}
				if shown := fmt.Sprintf("%v %+v %#v %+v", n, n, n, NewSecret(key32)); strings.Contains(shown, key32) || strings.Contains(shown, "SECRET") || strings.Contains(shown, "octet") {
					t.Errorf("%s prints its secret", n.Name())
				}
			}
		}
	}
	for _, bad := range []string{"http://hooks.slack.com/SECRET", "hooks.slack.com/SECRET", "https://SECRET@x/", "ftp://SECRET", "://SECRET", "https://%SECRET"} {
		if _, err := NewSlack(NewSecret(bad), Delivery{}); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, bad := range []string{"SECRET", "whsec_SECRET!", "whsec_U0VDUkVU", secret32[6:]} {
		if _, err := NewWebhook("siem", NewSecret(echo.URL), NewSecret(bad), Delivery{}); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := NewPagerDuty(NewSecret("SECRET"), PagerDutyAddress, Delivery{}); err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("%v", err)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	var pauses []time.Duration
	d := patient(&pauses)
	d.Timeout, d.Tries = 5*time.Millisecond, 3
	err := drivers(t, s.URL, d)[1].Send(context.Background(), example())
	if !errors.Is(err, context.DeadlineExceeded) || len(pauses) != 2 {
		t.Fatalf("%v after %v", err, pauses)
	}
}

// The signature is the published example's, and a receiver that follows the package's
// description accepts what is really sent.
func TestWebhookSignature(t *testing.T) {
	t.Parallel()
	reference, err := NewWebhook("w", NewSecret("https://x/"), NewSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Delivery{})
	if err != nil {
		t.Fatal(err)
	}
	if got := reference.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`)); got != "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Fatalf("the published example is signed %s", got)
	}

	s := serve(t, status(500), status(200))
	tries := 0
	var pauses []time.Duration
	d := patient(&pauses)
	d.Now = func() time.Time { tries++; return noon.Add(time.Duration(tries) * time.Minute) }
	if err := drivers(t, s.URL, d)[2].Send(context.Background(), example()); err != nil {
		t.Fatal(err)
	}
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret32, "whsec_"))
	for i, h := range s.headers {
		m := hmac.New(sha256.New, key)
		fmt.Fprintf(m, "%s.%s.%s", h.Get("webhook-id"), h.Get("webhook-timestamp"), s.bodies[i])
		if got := h.Get("webhook-signature"); got != "v1,"+base64.StdEncoding.EncodeToString(m.Sum(nil)) {
			t.Errorf("try %d: signature %s", i, got)
		}
	}
	if a, b := s.headers[0], s.headers[1]; a.Get("webhook-id") != b.Get("webhook-id") || a.Get("webhook-timestamp") == b.Get("webhook-timestamp") {
		t.Errorf("ids %s and %s, times %s and %s", a.Get("webhook-id"), b.Get("webhook-id"), a.Get("webhook-timestamp"), b.Get("webhook-timestamp"))
	}
	again := example()
	again.At = again.At.Add(time.Hour)
	if messageID(again) == messageID(example()) {
		t.Error("a new occurrence has the id of the old one")
	}
}

func TestReadSecret(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("  "+key32+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := ReadSecret(path)
	if err != nil || s.reveal() != key32 || fmt.Sprintf("%v%s%+v%#v%q", s, s, s, s, s) != `[secret][secret][secret][secret]"[secret]"` {
		t.Fatalf("%v, %v", s, err)
	}
	if b, err := encode(map[string]any{"s": s}); err != nil || strings.Contains(string(b), key32) {
		t.Fatalf("%s, %v", b, err)
	}
	for _, damage := range []func() error{
		func() error { return os.Chmod(path, 0o640) },
		func() error { return errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte(" \n"), 0o600)) },
		func() error { return os.WriteFile(path, make([]byte, maxSecret+1), 0o600) },
		func() error { return os.Remove(path) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSecret(path); err == nil {
			t.Error("accepted")
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("30")
	f.Add(noon.Format(http.TimeFormat))
	f.Add("-1")
	f.Add("99999999999999999999")
	f.Fuzz(func(t *testing.T, value string) {
		if d := retryAfter(value, noon); d < 0 {
			t.Fatalf("%q is a pause of %s", value, d)
		}
	})
}
