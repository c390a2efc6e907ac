package fault

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// script is a queue whose packets come when the test says so.
type script struct {
	come   chan []uint32
	closed sync.Once

	mu       sync.Mutex
	accepted []string // number and time
	refuse   error
	begin    time.Time
}

func newScript() *script { return &script{come: make(chan []uint32), begin: time.Now()} }

func (s *script) receive() ([]uint32, error) {
	ids, ok := <-s.come
	if !ok {
		return nil, errors.New("closed")
	}
	return ids, nil
}

func (s *script) accept(packet uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse == nil {
		s.accepted = append(s.accepted, string(rune('0'+packet))+"@"+time.Since(s.begin).String())
	}
	return s.refuse
}

func (s *script) close() error {
	s.closed.Do(func() { close(s.come) })
	return nil
}

func TestDelayLineHoldsEachPacketAsLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		d := startDelayLine(s, 100*time.Millisecond)
		s.come <- []uint32{1, 2} // leave together, by one word
		time.Sleep(30 * time.Millisecond)
		s.come <- []uint32{3}
		time.Sleep(200 * time.Millisecond) // the line falls empty
		s.come <- []uint32{4}
		if err := d.stop(); err != nil { // and lets the last one leave
			t.Fatal(err)
		}
		want := []string{"2@100ms", "3@130ms", "4@330ms"}
		if !slices.Equal(s.accepted, want) {
			t.Errorf("got %v, want %v", s.accepted, want)
		}
	})
}

func TestDelayLineOpensWhenItFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		s.refuse = errors.New("no verdicts today")
		d := startDelayLine(s, 100*time.Millisecond)
		s.come <- []uint32{1}
		time.Sleep(150 * time.Millisecond)
		synctest.Wait()
		if _, open := <-s.come; open {
			t.Error("a failed line keeps its queue, and packets in it")
		}
		if err := d.stop(); !errors.Is(err, s.refuse) {
			t.Errorf("got %v, want the reason", err)
		}
	})
}
