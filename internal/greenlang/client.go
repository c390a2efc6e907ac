package greenlang

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 4 << 20

// Client talks to one GreenLang address, usually the edge's. Every call is one
// attempt: a drill counts what a client sees, so nothing is repeated unseen.
// It keeps connections and may be used concurrently.
type Client struct {
	base  string
	token string
	as    string // customer in whose name calls are made that name none themselves
	http  *http.Client
}

// NewClient returns a Client for a base URL such as http://127.1.0.1:8080. An
// empty token sends none.
func NewClient(base, token string) *Client { return NewClientVia(nil, base, token) }

// Dial opens a connection; see [net.Dialer.DialContext].
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// NewClientVia returns a Client that opens its connections through dial, for example one
// that asks a name server of its own; nil dials as usual.
func NewClientVia(dial Dial, base, token string) *Client {
	t := &http.Transport{
		DialContext:  dial,
		MaxIdleConns: 512, MaxIdleConnsPerHost: 512,
		IdleConnTimeout: 30 * time.Second, // below the server's, so that no call meets a connection that is closing
	}
	return &Client{base: strings.TrimRight(base, "/"), token: token, http: &http.Client{Transport: t}}
}

// As returns a client over the same connections whose calls are made in a customer's name,
// so that the edges send them to where that customer is served.
func (c *Client) As(customer string) *Client {
	other := *c
	other.as = customer
	return &other
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Problem is an answer that refuses (RFC 9457).
type Problem struct {
	Status     int           `json:"status"`
	Type       string        `json:"type"`
	Title      string        `json:"title"`
	Detail     string        `json:"detail"`
	RetryAfter time.Duration `json:"-"` // 0 when the answer names none
}

// Error gives the status and the detail.
func (p *Problem) Error() string {
	return fmt.Sprintf("greenlang answers %d %s: %s", p.Status, p.Title, p.Detail)
}

// CreateRun starts a run under an idempotency key. A nil error is the
// acknowledgement; created is false when the key had its run already. After any
// error but a 4xx *Problem the outcome is unknown: look it up, or repeat the key.
func (c *Client) CreateRun(ctx context.Context, key string, n NewRun) (run Run, created bool, err error) {
	status, err := c.As(n.Customer).do(ctx, http.MethodPost, "/v1/runs", http.Header{
		"Idempotency-Key": {key},
	}, n, &run)
	if err != nil {
		return Run{}, false, fmt.Errorf("create run: %w", err)
	}
	return run, status == http.StatusCreated, nil
}

// LookupRuns asks what is stored under up to MaxPage keys; the answers are in
// the order of the keys.
func (c *Client) LookupRuns(ctx context.Context, keys []string) ([]Sighting, error) {
	var answer struct {
		Items []Sighting `json:"items"`
	}
	body := map[string][]string{"keys": keys}
	if _, err := c.do(ctx, http.MethodPost, "/v1/runs/lookup", nil, body, &answer); err != nil {
		return nil, fmt.Errorf("look up runs: %w", err)
	}
	return answer.Items, nil
}

// Customers returns up to limit customers, for a load to run as.
func (c *Client) Customers(ctx context.Context, limit int) ([]Customer, error) {
	var answer struct {
		Items []Customer `json:"items"`
	}
	if _, err := c.do(ctx, http.MethodGet, "/v1/customers?limit="+strconv.Itoa(limit), nil, nil, &answer); err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	return answer.Items, nil
}

// Agents returns up to limit agents in a station of their lifecycle, for a load to run.
func (c *Client) Agents(ctx context.Context, in Lifecycle, limit int) ([]Agent, error) {
	var answer struct {
		Items []Agent `json:"items"`
	}
	path := "/v1/agents?" + url.Values{"lifecycle": {string(in)}, "limit": {strconv.Itoa(limit)}}.Encode()
	if _, err := c.do(ctx, http.MethodGet, path, nil, nil, &answer); err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	return answer.Items, nil
}

// Ready asks an instance for its readiness. An instance that answers that it is
// not ready is no error.
func (c *Client) Ready(ctx context.Context) (r Readiness, err error) {
	_, err = c.do(ctx, http.MethodGet, "/readyz?verbose", nil, nil, &r)
	if err != nil && r.Own == "" {
		return r, fmt.Errorf("ask readiness: %w", err)
	}
	return r, nil
}

// do makes the one attempt and decodes the answer, also that of a refusal.
func (c *Client) do(ctx context.Context, method, path string, h http.Header, in, out any) (int, error) {
	req, err := c.request(ctx, method, path, h, in)
	if err != nil {
		return 0, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return res.StatusCode, fmt.Errorf("read answer: %w", err)
	}
	if res.StatusCode >= 300 {
		_ = json.Unmarshal(b, out) // readiness has a body of its own; others ignore it
		return res.StatusCode, problem(res, b)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return res.StatusCode, fmt.Errorf("decode answer: %w", err)
	}
	return res.StatusCode, nil
}

func (c *Client) request(ctx context.Context, method, path string, h http.Header, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	// The transport repeats requests by itself when it can replay their body and
	// they carry an idempotency key. It must not: one call is one attempt.
	req.GetBody = nil
	if c.as != "" {
		req.Header.Set("X-Customer", c.as) // the edge counts and routes by the customer's cell
	}
	maps.Copy(req.Header, h)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

func problem(res *http.Response, body []byte) *Problem {
	p := &Problem{}
	if json.Unmarshal(body, p) != nil || p.Detail == "" { // from a proxy, or cut
		p.Title, p.Detail = http.StatusText(res.StatusCode), "no problem document"
	}
	p.Status = res.StatusCode
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil {
		p.RetryAfter = time.Duration(s) * time.Second
	}
	return p
}
