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
// order and one message lets all go that are due.
type delayLine struct {
	queue packets
	delay time.Duration
	held  chan heldPacket
	done  chan struct{} // closed when both loops have ended

	mu  sync.Mutex
	err error
}

type heldPacket struct {
	number uint32
	due    time.Time
}

// startDelayLine begins to read the queue; stop must be called.
func startDelayLine(q packets, delay time.Duration) *delayLine {
	d := &delayLine{queue: q, delay: delay, held: make(chan heldPacket, queueLength), done: make(chan struct{})}
	go d.read()
	go d.release()
	return d
}

func (d *delayLine) read() {
	defer close(d.held)
	for {
		ids, err := d.queue.receive()
		switch {
		case errors.Is(err, unix.ENOENT):
			continue // an accept found its packets gone, with an interface for example
		case err != nil:
			d.fail(fmt.Errorf("read packet queue: %w", err))
			return
		}
		due := time.Now().Add(d.delay)
		for _, id := range ids {
			d.held <- heldPacket{id, due}
		}
	}
}

// release lets packets go on when they are due. After a failure it only drains, and
// closing the queue opens the way for all.
func (d *delayLine) release() {
	defer close(d.done)
	p, ok := <-d.held
	for ok {
		time.Sleep(time.Until(p.due))
		last := p.number
		p, ok = d.takeDue(&last)
		if err := d.queue.accept(last); err != nil {
			d.fail(err)
			_ = d.queue.close() // read reports it
		}
	}
}

// takeDue takes every packet that is due by now, notes the last one's number, and returns
// the next one, waiting for it only when nothing has to be released first.
func (d *delayLine) takeDue(last *uint32) (heldPacket, bool) {
	return heldPacket{}, false
}

func (d *delayLine) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = err
	}
}
