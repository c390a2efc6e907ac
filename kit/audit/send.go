package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// sender carries the spool's events to the server, in order.
type sender struct {
	c       *Client
	backoff time.Duration
	at      int // which endpoint is asked, modulo their number
}

const (
	sendEvents  = 500
	sendBytes   = 512 << 10
	leastPause  = 100 * time.Millisecond
	mostPause   = 30 * time.Second
	mostAsked   = 5 * time.Minute // a server may ask for
	answerBytes = 4 << 20
)

func (s *sender) run(ctx context.Context) {
	for ctx.Err() == nil {
		events, end, err := s.c.spool.read(sendEvents, sendBytes)
		if err != nil {
			s.pause(ctx, err, 0)
			continue
		}
		if !s.ship(ctx, events) {
			return // the context has ended
		}
		s.c.spool.mu.Lock()
		moved := end != s.c.spool.first
		s.c.spool.mu.Unlock()
		if moved {
			if err := s.c.spool.forget(end); err != nil {
				s.c.o.Log.Warn("the audit spool could not be shortened; it is tried again with the next events", "err", err)
			}
			s.c.progress(func(*Stats) {})
			continue
		}
		select {
		case <-s.c.wake:
		case <-ctx.Done():
		}
	}
}

// ship sends events until each is recorded or refused for good; false: ctx has ended.
func (s *sender) ship(ctx context.Context, events []spooled) bool {
	for len(events) > 0 {
		left, wait, err := s.post(ctx, events)
		var odd *oddBatch
		switch {
		case ctx.Err() != nil:
			return false
		case errors.As(err, &odd) && len(events) > 1: // one of them is at fault: find it
			half := len(events) / 2
			return s.ship(ctx, events[:half]) && s.ship(ctx, events[half:])
		case errors.As(err, &odd):
			err = s.c.refuse(events[0], odd.Status, odd.Detail)
			left = nil
		}
		if err != nil {
			left = events
			s.at++
		}
		if err != nil || wait > 0 {
			s.pause(ctx, err, wait)
		} else {
			s.well()
		}
		events = left
	}
	return ctx.Err() == nil
}

// oddBatch is a refusal of a batch that does not say which event it is about.
type oddBatch struct{ Problem }

func (e *oddBatch) Error() string { return e.Detail }

// post sends one batch, and returns what is to be sent again, and after what time.
func (s *sender) post(ctx context.Context, events []spooled) (left []spooled, wait time.Duration, err error) {
	body := []byte(`{"events":[`)
	for i, e := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, e.raw...)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.c.endpoints[s.at%len(s.c.endpoints)], bytes.NewReader(append(body, `]}`...)))
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.c.o.Token)
	resp, err := s.c.o.HTTP.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerBytes))
	if err != nil {
		return nil, 0, fmt.Errorf("read the server's answer: %w", err)
	}
	var a Answer
	known := json.Unmarshal(text, &a) == nil && len(a.Results) == len(events)
	switch resp.StatusCode {
	case http.StatusOK, http.StatusTooManyRequests:
		if known {
			return s.settle(events, a.Results)
		}
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return s.reject(events, resp.StatusCode, text)
	}
	return nil, retryAfter(resp), fmt.Errorf("the server answered %s: %.200s", resp.Status, text)
}

// pause waits before the next try: as long as the server asked for, else longer each time.
func (s *sender) pause(ctx context.Context, err error, asked time.Duration) {
	wait := asked
	if err != nil {
		s.backoff = min(max(2*s.backoff, leastPause), mostPause)
		wait = max(asked, s.backoff/2+rand.N(s.backoff/2)) //nolint:gosec // only spreads clients
		s.trouble(err.Error())
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (s *sender) trouble(why string) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.c.stats.Trouble == "" {
		s.c.stats.Since = time.Now()
		s.c.o.Log.Warn("audit events cannot be sent; they gather in the spool", "dir", s.c.o.Dir, "err", why)
	}
	s.c.stats.Trouble = why
}

func (s *sender) well() {
	s.backoff = 0
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.c.stats.Trouble != "" {
		s.c.o.Log.Info("audit events can be sent again", "dir", s.c.o.Dir, "after", time.Since(s.c.stats.Since).Round(time.Millisecond))
		s.c.stats.Trouble, s.c.stats.Since = "", time.Time{}
	}
}
