package cache

import (
	"context"
	"encoding/json"
	"time"

	"github.com/redis/rueidis"
)

// absence is stored for what does not exist; no JSON object is empty.
const absence = ""

// Lookup says how a Get ended.
type Lookup int

// The ends of a Get.
const (
	Miss   Lookup = iota // not known, or Redis is away: ask PostgreSQL
	Hit                  // the value was filled in
	Absent               // known not to exist, a moment ago
)

// Get fills value from the entry of this key.
func (c *Cache) Get(ctx context.Context, key string, value any) Lookup {
	var text string
	err := c.call(ctx, func(ctx context.Context, r rueidis.Client) (err error) {
		text, err = r.Do(ctx, r.B().Get().Key(key).Build()).ToString()
		return err
	})
	switch {
	case err != nil:
		return Miss
	case text == absence:
		return Absent
	case json.Unmarshal([]byte(text), value) != nil: // written by another version: read it anew
		return Miss
	}
	return Hit
}

// Put stores a value for the lifetime of an entry.
func (c *Cache) Put(ctx context.Context, key string, value any) {
	b, err := json.Marshal(value)
	if err != nil {
		return // cannot be cached; the caller has it
	}
	c.set(ctx, key, string(b), c.life())
}

// PutAbsent remembers that something does not exist, if not too many such are
// remembered already: who asks for random names must not fill Redis.
func (c *Cache) PutAbsent(ctx context.Context, key string) {
	c.mu.Lock()
	granted := c.absent.take(time.Now())
	c.mu.Unlock()
	if granted {
		c.set(ctx, key, absence, c.options.Absence)
	}
}

// Forget deletes an entry after a change.
func (c *Cache) Forget(ctx context.Context, key string) {
	_ = c.call(ctx, func(ctx context.Context, r rueidis.Client) error { // observed; the lifetime bounds what is left
		return r.Do(ctx, r.B().Del().Key(key).Build()).Error()
	})
}

func (c *Cache) set(ctx context.Context, key, text string, life time.Duration) {
	_ = c.call(ctx, func(ctx context.Context, r rueidis.Client) error { // observed; without it the next read asks again
		return r.Do(ctx, r.B().Set().Key(key).Value(text).PxMilliseconds(life.Milliseconds()).Build()).Error()
	})
}
