package console

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	pushQuiet  = 500 * time.Millisecond // a page is sent at most twice a second
	pushSteady = 5 * time.Second        // and drawn again this often without a change, for what the journal does not record
	beatEvery  = 2 * time.Second        // a page that hears nothing for longer says that it is old
)

// events streams the parts of one page as they change. The event's id is the
// journal index the parts were drawn at, so a browser that comes back with
// Last-Event-ID gets what it missed at once, and nothing if it missed nothing.
func (c *console) events(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	p, ok := c.pages[query.Get("page")]
	if !ok {
		c.problem(w, r, BadRequest(fmt.Sprintf("no page is named %q", query.Get("page")), "Open a page; it finds its own stream."))
		return
	}
	key := query.Get("key")
	query.Del("page")
	query.Del("key")
	pages := &stream{
		out: w, flush: http.NewResponseController(w), sent: map[string][]byte{},
		draw: func(ctx context.Context) (view, error) { return c.view(ctx, p, key, query) },
		page: p,
	}
	if _, err := pages.draw(r.Context()); err != nil { // a stream that can never speak is an error now
		c.problem(w, r, TroubleOf(err))
		return
	}
	_ = pages.flush.SetWriteDeadline(time.Time{}) // some writers have none; then the server set none
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return
	}
	seen, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64)
	if err := pages.run(r.Context(), c.source.Changes(r.Context()), seen, err == nil); err != nil && r.Context().Err() == nil {
		c.log.WarnContext(r.Context(), "stream page", "page", p.Name, "key", key, "err", err)
	}
}

// stream is one open page.
type stream struct {
	out   http.ResponseWriter
	flush *http.ResponseController
	page  mounted
	draw  func(context.Context) (view, error)
	sent  map[string][]byte // what the page shows, by part
}

// run sends until the context ends or the browser is gone. A browser that has
// seen the newest index keeps what it shows until something changes.
func (s *stream) run(ctx context.Context, changes <-chan uint64, seen uint64, resumed bool) error {
	if err := s.push(ctx, seen, resumed); err != nil {
		return err
	}
	steady := time.NewTicker(pushSteady)
	defer steady.Stop()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-changes:
			if !open {
				changes = nil // the source is closing; the ticker keeps the page true
				continue
			}
		case <-beat.C:
			if err := s.send(0, nil); err != nil {
				return err
			}
			continue
		case <-steady.C:
		}
		if err := s.push(ctx, 0, false); err != nil {
			return err
		}
		select { // changes that come now wait, and are sent as one
		case <-ctx.Done():
			return nil
		case <-time.After(pushQuiet):
		}
	}
}

// push draws the page and sends the parts that differ from what was sent.
func (s *stream) push(ctx context.Context, seen uint64, resumed bool) error {
	v, err := s.draw(ctx)
	if err != nil {
		return fmt.Errorf("draw page: %w", err)
	}
	head := newest(v)
	var event bytes.Buffer
	for _, name := range s.page.Parts {
		var part bytes.Buffer
		if err := s.page.tmpl.ExecuteTemplate(&part, name, v); err != nil {
			return fmt.Errorf("draw part %s: %w", name, err)
		}
		if bytes.Equal(s.sent[name], part.Bytes()) {
			continue
		}
		s.sent[name] = part.Bytes()
		fmt.Fprintf(&event, `<hx-partial hx-target="#%s" hx-swap="outerMorph">%s</hx-partial>`, name, part.Bytes())
	}
	if resumed && seen == head {
		event.Reset()
		clear(s.sent) // what the journal does not record may have moved: the next push sends all
	}
	return s.send(head, event.Bytes())
}

// send writes one event; where there is nothing new, one that says no more than that the
// server is there.
func (s *stream) send(id uint64, data []byte) error {
	var frame bytes.Buffer
	if len(data) == 0 {
		fmt.Fprint(&frame, "event: beat\ndata: \n\n")
	} else {
		fmt.Fprintf(&frame, "id: %d\n", id)
		// A bare return ends a line of an event too; text from the journal may hold one.
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("&#13;"))
		for line := range bytes.Lines(data) {
			fmt.Fprintf(&frame, "data: %s\n", bytes.TrimSuffix(line, []byte("\n")))
		}
		frame.WriteByte('\n')
	}
	if _, err := s.out.Write(frame.Bytes()); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := s.flush.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}

// newest is the index of the newest entry a view was drawn at.
func newest(v view) uint64 {
	if v.Status.Journal.Size == 0 {
		return 0
	}
	return v.Status.Journal.Size - 1
}
