package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// log is a notifier that writes down what it is told, and can fail.
type log struct {
	mu   sync.Mutex
	told []string
	err  error
	hold chan struct{} // nil means it does not hold
	at   chan struct{} // told that a Send has begun, where hold is set
}

func (*log) Name() string { return "log" }

func (l *log) Send(_ context.Context, a Alert) error {
	if l.hold != nil {
		l.at <- struct{}{}
		<-l.hold
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.told = append(l.told, fmt.Sprintf("%s %s %s", a.Key, a.State, a.Severity))
	}
	return l.err
}

func TestOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sent.json")
	now := noon
	l := &log{}
	open := func() *Once {
		o, err := NewOnce(l, path, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := open()
	for _, step := range []struct {
		key      string
		state    State
		severity Severity
		restart  bool
		told     string // "" is nothing
	}{
		{"a", Firing, Warning, false, "a firing warning"},
		{"a", Firing, Warning, false, ""},
		{"a", Firing, Warning, true, ""},
		{"b", Firing, Info, false, "b firing info"},
		{"a", Firing, Critical, false, "a firing critical"},
		{"a", Firing, Warning, true, ""},
		{"a", Resolved, Critical, false, "a resolved critical"},
		{"a", Resolved, Critical, true, ""},
		{"a", Firing, Warning, true, "a firing warning"},
		{"c", Resolved, Info, false, "c resolved info"},
	} {
		if step.restart {
			o = open()
		}
		a := example()
		a.Key, a.State, a.Severity = step.key, step.state, step.severity
		before := len(l.told)
		if err := o.Send(context.Background(), a); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(l.told[before:], ","); got != step.told {
			t.Fatalf("%+v: told %q", step, got)
		}
	}
	now = now.Add(keepResolved + time.Hour)
	a := example()
	a.Key = "d"
	if err := o.Send(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	if again := open(); len(again.sent) != 3 { // a and b fire, d; c is forgotten
		t.Fatalf("remembers %v", again.sent)
	}
}

func TestOnceSendsAgainWhatFailed(t *testing.T) {
	t.Parallel()
	l := &log{err: errors.New("away")}
	path := filepath.Join(t.TempDir(), "sent.json")
	o, err := NewOnce(l, path, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Send(context.Background(), example()); !errors.Is(err, l.err) {
		t.Fatal(err)
	}
	l.err = nil
	if err := o.Send(context.Background(), example()); err != nil || len(l.told) != 1 {
		t.Fatalf("%v, told %v", err, l.told)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewOnce(l, path, nil); err == nil {
		t.Fatal("a damaged file was read")
	}
	if err := os.WriteFile(path, []byte("null"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err = NewOnce(l, path, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Send(context.Background(), example()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	a := example()
	a.State = Resolved
	if err := o.Send(context.Background(), a); err == nil || len(l.told) != 3 {
		t.Fatalf("what cannot be remembered was no error, or not sent: %v, told %v", err, l.told)
	}
}

// One alert from many callers at once is told once; a slow key holds no other.
func TestOnceConcurrently(t *testing.T) {
	t.Parallel()
	l := &log{hold: make(chan struct{}), at: make(chan struct{}, 100)}
	o, err := NewOnce(l, filepath.Join(t.TempDir(), "sent.json"), func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 20 {
		a := example()
		a.Key = []string{"slow", "other"}[i%2]
		all.Go(func() {
			if err := o.Send(context.Background(), a); err != nil {
				t.Error(err)
			}
		})
	}
	<-l.at
	<-l.at // both keys are being sent side by side
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	a := example()
	a.Key = "slow"
	if err := o.Send(ended, a); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that gives up still waits: %v", err)
	}
	close(l.hold)
	all.Wait()
	if len(l.told) != 2 {
		t.Fatalf("told %v", l.told)
	}
}
