package cache

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/redis/rueidis"
)

// Item is what is put under a key.
type Item struct {
	Key   string
	Value any
}

const (
	fillAtOnce = 200         // entries of one call
	fillWithin = time.Second // one call's timeout
)

// Fill puts many entries, in order, and returns how many Redis took. Nobody's request waits
// for it: unlike [Cache.Put] it has time, is its own trial of a Redis that has failed
// requests just now, and says why it ended early.
func (c *Cache) Fill(ctx context.Context, items []Item) (n int, err error) {
	for some := range slices.Chunk(items, fillAtOnce) {
		if err := ctx.Err(); err != nil {
			return n, fmt.Errorf("fill redis: %w", err)
		}
		err := c.within(ctx, fillWithin, func(ctx context.Context, r rueidis.Client) error {
			commands := make(rueidis.Commands, 0, len(some))
			for _, i := range some {
				b, err := json.Marshal(i.Value)
				if err != nil {
					return err
				}
				commands = append(commands, r.B().Set().Key(i.Key).Value(string(b)).PxMilliseconds(c.life().Milliseconds()).Build())
			}
			for _, res := range r.DoMulti(ctx, commands...) {
				if err := res.Error(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, fmt.Errorf("fill redis: %w", err)
		}
		n += len(some)
	}
	return n, nil
}

// life is the lifetime of an entry less a random tenth, so that entries made together do
// not end together.
func (c *Cache) life() time.Duration {
	return c.options.Lifetime - time.Duration(rand.Float64()*float64(c.options.Lifetime)/10)
}
