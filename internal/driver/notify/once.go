package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Once makes a notifier's Send harmless when repeated: what it sent last for each key is
// remembered in a file, and an alert that is in that state already is not sent again.
// An alert fires again after it was resolved, or when it has become worse.
type Once struct {
	to   Notifier
	path string
	now  func() time.Time

	mu   sync.Mutex
	sent map[string]sent          // by key
	busy map[string]chan struct{} // keys that are being sent now
}

type sent struct {
	State    State     `json:"state"`
	Severity Severity  `json:"severity"`
	At       time.Time `json:"at"` // when it was sent
}

// news tells whether an alert says more than what was sent.
func (s sent) news(a Alert) bool {
	return s.State != a.State || (a.State == Firing && rank(a.Severity) > rank(s.Severity))
}

func rank(s Severity) int { return slices.Index([]Severity{Info, Warning, Error, Critical}, s) }

var _ Notifier = (*Once)(nil)

// keepResolved is how long a resolved key is remembered; a firing one always is.
const keepResolved = 30 * 24 * time.Hour

// NewOnce remembers in the file path, made when missing. One file serves one notifier.
func NewOnce(to Notifier, path string, now func() time.Time) (*Once, error) {
	o := &Once{to: to, path: path, now: now, sent: map[string]sent{}, busy: map[string]chan struct{}{}}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what %s was told: %w", to.Name(), err)
	}
	if err := json.Unmarshal(b, &o.sent); err != nil {
		return nil, fmt.Errorf("%s, what %s was told, is damaged (%w): remove it; alerts that still fire are then sent once more", path, to.Name(), err)
	}
	if o.sent == nil { // the file said null
		o.sent = map[string]sent{}
	}
	return o, nil
}

// Name implements [Notifier].
func (o *Once) Name() string { return o.to.Name() }

// Send implements [Notifier]. A resolved alert that is not remembered is sent: lost memory
// must leave no incident open. Alerts of one key go one after another, of different keys
// side by side.
func (o *Once) Send(ctx context.Context, a Alert) error {
	if err := a.Validate(); err != nil {
		return fmt.Errorf("notify %s: %w", o.Name(), err)
	}
	release, err := o.take(ctx, a.Key)
	if err != nil {
		return fmt.Errorf("notify %s: %w", o.Name(), err)
	}
	defer release()
	o.mu.Lock()
	last := o.sent[a.Key]
	o.mu.Unlock()
	if !last.news(a) {
		return nil
	}
	if err := o.to.Send(ctx, a); err != nil {
		return err
	}
	return o.remember(a)
}

// take waits until nobody else sends this key.
func (o *Once) take(ctx context.Context, key string) (release func(), err error) {
	for {
		o.mu.Lock()
		other, taken := o.busy[key]
		if !taken {
			mine := make(chan struct{})
			o.busy[key] = mine
			o.mu.Unlock()
			return func() {
				o.mu.Lock()
				defer o.mu.Unlock()
				delete(o.busy, key)
				close(mine)
			}, nil
		}
		o.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (o *Once) remember(a Alert) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	o.sent[a.Key] = sent{a.State, a.Severity, now}
	for key, s := range o.sent {
		if s.State == Resolved && now.Sub(s.At) > keepResolved {
			delete(o.sent, key)
		}
	}
	b, err := json.Marshal(o.sent)
	if err == nil {
		err = replace(o.path, b)
	}
	if err != nil {
		return fmt.Errorf("%s was told of %s, but that cannot be remembered: %w; after a restart it is told again", o.Name(), a.Key, err)
	}
	return nil
}

// replace changes a file atomically and durably.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
