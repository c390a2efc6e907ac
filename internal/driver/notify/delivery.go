package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Delivery is how hard a driver tries. Zero values mean the defaults.
type Delivery struct {
	Client  *http.Client  // nil means one that follows no redirects
	Timeout time.Duration // of one try: 10 s
	Tries   int           // 8
	First   time.Duration // pause after the first failure, doubled after each: 1 s
	Longest time.Duration // bound of a pause, Retry-After included: 5 min
	Now     func() time.Time
	Wait    func(ctx context.Context, d time.Duration) error // nil means real time
}

func (d Delivery) withDefaults() Delivery {
	if d.Client == nil {
		d.Client = &http.Client{}
	}
	client := *d.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // never carry a secret elsewhere
	d.Client = &client
	if d.Timeout <= 0 {
		d.Timeout = 10 * time.Second
	}
	if d.Tries <= 0 {
		d.Tries = 8
	}
	if d.First <= 0 {
		d.First = time.Second
	}
	if d.Longest <= 0 {
		d.Longest = 5 * time.Minute
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Wait == nil {
		d.Wait = wait
	}
	return d
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ErrRefused says that the service has answered and will not take the alert: trying again
// without a change is useless.
var ErrRefused = errors.New("refused")

// message is one POST. sign adds headers to each try anew; nil means none.
type message struct {
	to      string // the service's name, for errors
	address *url.URL
	body    []byte
	sign    func(h http.Header, now time.Time)
	secrets []Secret
}

// deliver posts until the service accepts, refuses, or all tries are used.
func (d Delivery) deliver(ctx context.Context, m message) error {
	pause := d.First
	for try := 1; ; try++ {
		after, err := d.post(ctx, m)
		if err == nil {
			return nil
		}
		switch {
		case errors.Is(err, ErrRefused):
			return fmt.Errorf("notify %s: %w", m.to, err)
		case ctx.Err() != nil:
			return fmt.Errorf("notify %s: stopped after try %d: %w; the last answer was: %w", m.to, try, ctx.Err(), err)
		case try >= d.Tries:
			return fmt.Errorf("notify %s: gave up after %d tries: %w; nobody was told, use another way", m.to, try, err)
		}
		if werr := d.Wait(ctx, min(d.Longest, max(pause, after))); werr != nil {
			return fmt.Errorf("notify %s: stopped after try %d: %w; the last answer was: %w", m.to, try, werr, err)
		}
		pause = min(2*pause, d.Longest)
	}
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1024

// post tries once. after is what Retry-After asks for.
func (d Delivery) post(ctx context.Context, m message) (after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.address.String(), bytes.NewReader(m.body))
	if err != nil {
		return 0, redact(err, m.secrets...)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "fournines")
	if m.sign != nil {
		m.sign(req.Header, d.Now())
	}
	resp, err := d.Client.Do(req)
	if err != nil {
		return 0, redact(withoutURL(err), m.secrets...)
	}
	defer resp.Body.Close()                                       //nolint:errcheck // nothing was written
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))   // an answer cut short is shown as far as it came
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	answer := hide(strings.TrimSpace(string(text)), m.secrets...)
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return 0, nil
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout || resp.StatusCode >= 500:
		return retryAfter(resp.Header.Get("Retry-After"), d.Now()), fmt.Errorf("it answers %s: %s", resp.Status, clip(answer, 200))
	default:
		return 0, fmt.Errorf("%w: it answers %s: %s; correct the address, the secret or the receiver", ErrRefused, resp.Status, clip(answer, 200))
	}
}

// withoutURL drops the address that net/http puts into its errors.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// retryAfter reads the header, seconds or a date (RFC 9110, 10.2.3); 0 when it is neither.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second //nolint:gosec // below 2^31
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
