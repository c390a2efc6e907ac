package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
)

// Errors of [Client.Record] that an application may branch on.
var (
	ErrFull    = errors.New("the audit spool is full: the server has been away for too long")
	ErrClosed  = errors.New("the audit client is closed")
	ErrInvalid = errors.New("the server would not take this audit event")
)

// Client records events. Its methods may be called from any goroutine.
type Client struct {
	o        Options
	endpoints []string // of each server; one that does not answer is followed by the next
	spool    *spool
	requests chan *request
	wake     chan struct{} // to the sender: there is something
	stop     context.CancelFunc
	wg       sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
	queued int64         // bytes on their way into the spool
	moved  chan struct{} // closed and replaced when the server acknowledged something
	stats  Stats
}

// Open opens the spool in o.Dir, made when missing, and begins to send what is in it.
func Open(o Options) (*Client, error) {
	var endpoints []string
	for url := range strings.SplitSeq(o.URL, ",") {
		if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
			return nil, fmt.Errorf("open audit client: URL is %q; give http:// or https://, and the server's address", url)
		}
		endpoints = append(endpoints, strings.TrimSuffix(url, "/")+"/v1/audit")
	}
	if o.Token == "" || o.Dir == "" {
		return nil, errors.New("open audit client: it needs the application's Token, and a Dir for its spool")
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: requestDeadline}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, err := openSpool(o.Dir, min(max(o.MaxBytes/8, 64<<10), 4<<20), o.Log)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Client{
		o: o, endpoints: endpoints, spool: s, stop: stop,
		requests: make(chan *request, 1024), wake: make(chan struct{}, 1), moved: make(chan struct{}),
	}
	c.wg.Go(c.write)
	c.wg.Go(func() { (&sender{c: c}).run(ctx) })
	return c, nil
}

// Flush waits until the server has acknowledged, or refused for good, all that Record
// had accepted before.
func (c *Client) Flush(ctx context.Context) error {
	for {
		c.mu.Lock()
		moved, trouble, closed := c.moved, c.stats.Trouble, c.closed
		c.mu.Unlock()
		switch n := c.spool.pending(); {
		case n == 0:
			return nil
		case closed:
			return fmt.Errorf("flush %d bytes of audit events: %w; they stay in the spool", n, ErrClosed)
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("flush %d bytes of audit events: %w; they stay in the spool (%s)", c.spool.pending(), ctx.Err(), trouble)
		}
	}
}

// Close stops sending; what the server has not acknowledged is sent by the next client
// of the same directory. Flush first to wait for it.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.mu.Unlock()
	c.stop()
	c.requests <- nil // the writer still takes those who were admitted
	c.wg.Wait()
	c.progress(func(*Stats) {})
	return c.spool.close()
}

// progress changes the stats, and wakes who waits for the server.
func (c *Client) progress(change func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.stats)
	close(c.moved)
	c.moved = make(chan struct{})
}
