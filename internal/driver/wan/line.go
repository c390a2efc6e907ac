package wan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// How much a line takes from its sender before anything of it has come. With half of a
// round trip of 300 ms that is 100 MB/s.
const (
	inFlight = 16 << 20 // bytes
	oneRead  = 64 << 10 // bytes
)

// errGone says that the sender has ended without saying so.
var errGone = errors.New("the sender is gone")

// line carries bytes one way in their order, each when its time has come and the way is open.
type line struct {
	way   fact.Way
	link  Link
	gates *gates

	mu    sync.Mutex // guards what follows
	moved *sync.Cond // something came into the line or left it
	held  []parcel
	bytes int  // in held
	over  bool // nobody takes what is held any more
}

// parcel is what was read at once. The last one has no bytes.
type parcel struct {
	bytes []byte
	due   time.Time
	end   error // io.EOF: the sender has said all; otherwise it is gone
}

func newLine(w fact.Way, l Link, g *gates) *line {
	out := &line{way: w, link: l, gates: g}
	out.moved = sync.NewCond(&out.mu)
	return out
}

// halfCloser is a connection of which one direction can end.
type halfCloser interface {
	io.ReadWriter
	CloseWrite() error
}

// run carries until the sender has ended, or the receiver takes no more. It returns nil when
// both know of a proper end.
func (l *line) run(ctx context.Context, from io.Reader, to halfCloser) error {
	go l.read(from)
	defer l.stop()
	return l.write(ctx, to)
}

func (l *line) stop() {
	l.mu.Lock()
	l.over, l.held = true, nil
	l.mu.Unlock()
	l.moved.Broadcast()
}

func (l *line) read(from io.Reader) {
	buf := make([]byte, oneRead)
	for {
		n, err := from.Read(buf)
		if n > 0 && !l.put(parcel{bytes: append([]byte(nil), buf[:n]...), due: time.Now().Add(l.link.carry(n))}) {
			return
		}
		if err != nil {
			l.put(parcel{end: err, due: time.Now().Add(l.link.carry(1))})
			return
		}
	}
}

// put waits while too much is under way, which is the sender's back pressure.
func (l *line) put(p parcel) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.bytes > inFlight && !l.over {
		l.moved.Wait()
	}
	if l.over {
		return false
	}
	l.held, l.bytes = append(l.held, p), l.bytes+len(p.bytes)
	l.moved.Broadcast()
	return true
}

// take waits for the next parcel; ok is false when the line was ended.
func (l *line) take() (p parcel, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.held) == 0 && !l.over {
		l.moved.Wait()
	}
	if l.over {
		return p, false
	}
	p = l.held[0]
	l.held[0] = parcel{}
	l.held = l.held[1:]
	return p, true
}

// left notes that bytes have arrived.
func (l *line) left(n int) {
	l.mu.Lock()
	l.bytes -= n
	l.mu.Unlock()
	l.moved.Broadcast()
}

func (l *line) write(ctx context.Context, to halfCloser) error {
	stop := context.AfterFunc(ctx, l.stop)
	defer stop()
	for {
		p, ok := l.take()
		if !ok || !nap(ctx, time.Until(p.due)) || !l.gates.await(ctx, l.way) {
			return context.Cause(ctx)
		}
		switch {
		case errors.Is(p.end, io.EOF):
			return to.CloseWrite()
		case p.end != nil:
			return fmt.Errorf("%w: %w", errGone, p.end)
		}
		if _, err := to.Write(p.bytes); err != nil {
			return err
		}
		l.left(len(p.bytes))
	}
}

// nap waits, and tells whether ctx is still there.
func nap(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
