package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/probe/outcome"
)

// Client speaks to the API of whichever server answers.
type Client struct {
	Addresses []string // of the servers, HOST:PORT
	Token     string
	Actor     string
	HTTP      *http.Client

	at atomic.Int64 // which of the addresses is asked first, modulo their number
}

// NewClient returns a client of the servers at these addresses.
func NewClient(token string, addresses ...string) *Client {
	return &Client{Addresses: addresses, Token: token, HTTP: &http.Client{}}
}

// Problem is an error that the server answered with.
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors,omitempty"` // what is wrong with the request, and where in it
}

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for i, e := range p.Errors {
		text += [...]string{": ", "; "}[min(i, 1)] + e.Message
		if e.Location != "" {
			text += " (" + e.Location + ")"
		}
	}
	return text
}

// Call sends in as JSON, if it is not nil, and reads the answer into out, if it is not nil.
// id, if not empty, makes a repeat of the call harmless. A server that cannot be asked, or
// that knows no leader, is followed by the next one.
func (c *Client) Call(ctx context.Context, method, path, id string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	var err error
	for range c.Addresses {
		at := c.at.Load()
		address := c.Addresses[at%int64(len(c.Addresses))]
		short, cancel := context.WithCancelCause(ctx)
		stop := c.watch(short, address, cancel)
		err = c.ask(short, address, method, path, id, in != nil, body, out)
		stop()
		if cause := context.Cause(short); err != nil && ctx.Err() == nil && cause != nil {
			err = cause
		}
		cancel(nil)
		away, again := next(err, method, id)
		if away {
			c.at.CompareAndSwap(at, at+1)
		}
		if !away || !again || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// next tells whether the server is to be left for another one, and whether that may be asked
// the same: this one was never reached, or says itself that it did nothing, or doing it
// twice does no harm.
func next(err error, method, id string) (away, again bool) {
	var p *Problem
	switch {
	case err == nil, outcome.Local(err): // the next one could not be asked either
		return false, false
	case errors.As(err, &p):
		return p.Title == NoLeader || p.Status == http.StatusBadGateway, p.Title == NoLeader || method == http.MethodGet || id != ""
	}
	return true, errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || method == http.MethodGet || id != ""
}

// A question may stay open for long, and a server that is frozen never answers: where there
// is another one, its silence is told from patience by a second question.
const (
	patience = 2 * time.Second
	aliveFor = 2 * time.Second
)

// watch gives a question up whose server does not say that it lives. Call stop when the
// question is over.
func (c *Client) watch(ctx context.Context, address string, giveUp context.CancelCauseFunc) (stop func()) {
	if len(c.Addresses) < 2 {
		return func() {}
	}
	var t *time.Timer
	set := make(chan struct{})
	t = time.AfterFunc(patience, func() {
		<-set
		short, cancel := context.WithTimeout(ctx, aliveFor)
		defer cancel()
		err := c.ask(short, address, http.MethodGet, "/livez", "", false, nil, nil)
		switch {
		case ctx.Err() != nil:
		case outcome.Local(err): // it says nothing of the server
			t.Reset(patience)
		case err != nil:
			giveUp(fmt.Errorf("the server at %s is silent: %w", address, err))
		default:
			t.Reset(patience)
		}
	})
	close(set)
	return func() { t.Stop() }
}

// ask asks one server once.
func (c *Client) ask(ctx context.Context, address, method, path, id string, some bool, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	if some {
		req.Header.Set("Content-Type", "application/json")
	}
	if id != "" {
		req.Header.Set("Idempotency-Key", id)
	}
	if c.Actor != "" {
		req.Header.Set("X-Fournines-Actor", c.Actor)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("call the server: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	if resp.StatusCode/100 != 2 {
		return ReadProblem(resp)
	}
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("read the server's answer to %s %s: %w", method, path, err)
	}
	return nil
}

// mostDetail bounds what is shown of an answer that is no problem, in bytes.
const mostDetail = 1000

func ReadProblem(resp *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read the server's refusal: %w", err)
	}
	p := Problem{Status: resp.StatusCode, Title: resp.Status}
	switch {
	case json.Unmarshal(text, &p) == nil:
	case strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"): // a page for people, of whoever answers there
		p.Detail = "it answers with a page, not as the API does: see the address that was asked"
	default:
		p.Detail = strings.TrimSpace(string(text[:min(len(text), mostDetail)]))
	}
	return &p
}

// Away tells whether the error says that the server could not be reached, or not now.
func Away(err error) bool {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Status >= 500
	}
	return err != nil
}

// Record implements drill.Recorder: what conflicts with another drill is a [drill.ErrRefused].
func (c *Client) Record(ctx context.Context, sequence int, r drill.Report) (drill.Report, error) {
	var kept drill.Report
	err := c.Call(ctx, http.MethodPut, "/v1/drills/reports/"+url.PathEscape(r.ID)+"/"+strconv.Itoa(sequence), "", r, &kept)
	if p, ok := errors.AsType[*Problem](err); ok && p.Status == http.StatusConflict {
		err = fmt.Errorf("%w: %w", drill.ErrRefused, err)
	}
	return kept, err
}

// LongPoll is the longest that a node's or an edge's question stays open.
const LongPoll = 20 * time.Second

// NoLeader is the title of the answer when no server leads: nothing was done.
const NoLeader = "No server leads"
