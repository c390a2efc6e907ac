package fault

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// packets is the queue that a delay line reads.
type packets interface {
	receive() ([]uint32, error) // blocks; fails when the queue is closed
	accept(packet uint32) error // it and all before it
	close() error
}

// delayLine holds every packet of a queue for the same time, so they leave in their
// order, and one message lets all go that are due.
type delayLine struct {
	queue packets
	delay time.Duration
	more  chan struct{} // something came into the empty line
	quit  chan struct{} // the reader has ended
	done  chan struct{} // the releaser has ended

	mu       sync.Mutex
	held     []heldPacket
	stopping bool
	err      error
}

type heldPacket struct {
	number uint32
	due    time.Time
}

// startDelayLine begins to read the queue; stop must be called.
func startDelayLine(q packets, delay time.Duration) *delayLine {
	d := &delayLine{queue: q, delay: delay, more: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	go d.read()
	go d.release()
	return d
}

// stop lets what is held leave in its time and closes the queue. New packets must not
// come any more. It returns what went wrong while the line ran.
func (d *delayLine) stop() error {
	time.Sleep(d.delay + look)
	d.mu.Lock()
	d.stopping = true
	d.mu.Unlock()
	err := d.queue.close()
	<-d.done
	d.mu.Lock()
	defer d.mu.Unlock()
	return errors.Join(d.err, err)
}

func (d *delayLine) read() {
	defer close(d.quit)
	for {
		ids, err := d.queue.receive()
		if errors.Is(err, unix.ENOENT) {
			continue // an accept found its packets gone, with their interface for example
		}
		if err != nil {
			d.fail(fmt.Errorf("read packet queue: %w", err))
			return
		}
		d.hold(ids, time.Now().Add(d.delay))
	}
}

func (d *delayLine) hold(ids []uint32, due time.Time) {
	d.mu.Lock()
	for _, id := range ids {
		d.held = append(d.held, heldPacket{id, due})
	}
	d.mu.Unlock()
	select {
	case d.more <- struct{}{}:
	default:
	}
}

func (d *delayLine) release() {
	defer close(d.done)
	for {
		last, n, wait := d.take(time.Now())
		if n > 0 {
			if err := d.queue.accept(last); err != nil {
				d.fail(err)
			}
			continue
		}
		next := d.more
		if wait > 0 {
			next = nil // who comes later leaves later
		}
		select {
		case <-next:
		case <-after(wait):
		case <-d.quit:
			return
		}
	}
}

// after is never for a wait of nothing.
func after(wait time.Duration) <-chan time.Time {
	if wait <= 0 {
		return nil
	}
	return time.After(wait)
}

// take removes the n packets that are due, and returns the last one's number; or, when
// there are none, how long the first one has to wait, 0 when the line is empty.
func (d *delayLine) take(now time.Time) (last uint32, n int, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n < len(d.held) && !d.held[n].due.After(now) {
		last = d.held[n].number
		n++
	}
	d.held = d.held[n:]
	if n == 0 && len(d.held) > 0 {
		wait = d.held[0].due.Sub(now)
	}
	return last, n, wait
}

// fail notes the first error and closes the queue: then the kernel lets everything pass.
func (d *delayLine) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil && !d.stopping {
		d.err = err
		_ = d.queue.close() // what matters is the error that led here
	}
}
