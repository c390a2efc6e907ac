package audit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Record returns nil once the event is on disk: then it will be in the journal, once. An
// event without an ID or a Time gets them. With [ErrInvalid] or [ErrFull] it is not in
// the spool; with another error it may be recorded all the same: repeat it under the
// same ID.
func (c *Client) Record(ctx context.Context, e Event) error {
	if e.ID == "" {
		e.ID = newID()
	}
	if e.Time.IsZero() {
		e.Time = time.Now().UTC()
	}
	if err := e.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	r := &request{frame: frameOf(bytes.TrimSuffix(text.Bytes(), []byte("\n"))), done: make(chan struct{})}
	if err := c.admit(ctx, int64(len(r.frame))); err != nil {
		return err
	}
	c.requests <- r // the writer takes it: it ends only after the last one
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("record audit event %s: %w; it may be recorded all the same", e.ID, ctx.Err())
	}
}

// admit takes room in the spool.
func (c *Client) admit(ctx context.Context, n int64) error {
	for {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return ErrClosed
		}
		if c.queued+c.spool.pending()+n <= c.o.MaxBytes {
			c.queued += n
			c.mu.Unlock()
			return nil
		}
		moved, trouble := c.moved, c.stats.Trouble
		c.mu.Unlock()
		if !c.o.Wait {
			return fmt.Errorf("%w: %d bytes wait (%s)", ErrFull, c.o.MaxBytes, cmp.Or(trouble, "they are being sent"))
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("%w: %d bytes wait (%s): %w", ErrFull, c.o.MaxBytes, cmp.Or(trouble, "they are being sent"), ctx.Err())
		}
	}
}

// newID returns 128 random bits.
func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)
}
