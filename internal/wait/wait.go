package wait

import (
	"context"
	"time"
)

// Every calls f now, and then once in each period d until ctx ends.
func Every(ctx context.Context, d time.Duration, f func(context.Context)) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		f(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Sleep waits for d, or until ctx ends.
func Sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Poke says that there is something to do; somebody who was told already looks once.
func Poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
