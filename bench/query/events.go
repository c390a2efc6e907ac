package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

const apart = 50 * time.Millisecond

func epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// id is the operation of the n-th event: as hard to compress as any id.
func id(n uint64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "operation %d", n/3))
	return "op-" + hex.EncodeToString(sum[:12])
}

// draw is a number below n that depends on the event and on what it is for.
func draw(event uint64, what byte, n uint64) uint64 {
	x := event*0x9E3779B97F4A7C15 + uint64(what)*0xBF58476D1CE4E5B9
	x ^= x >> 31
	x *= 0x94D049BB133111EB
	x ^= x >> 29
	return x % n
}

func actor(event uint64) string {
	if draw(event, 'a', 10) < 8 {
		return fmt.Sprintf("user-%03d", draw(event, 'b', 40))
	}
	return fmt.Sprintf("user-%03d", draw(event, 'c', 200))
}

func event(n uint64) journal.Entry {
	kinds := []string{"agent.ran", "agent.read", "report.made", "login.succeeded", "record.changed", "record.read", "export.begun", "export.ended"}
	e := journal.Entry{
		Time: epoch().Add(time.Duration(n)*apart + time.Duration(draw(n, 't', 1e6))), Kind: kinds[draw(n, 'k', 8)] + []string{"", ".ok", ".failed"}[draw(n, 'f', 3)],
		Subject: fmt.Sprintf("tenant-%03d/agent", draw(n, 's', 400)), Operation: id(n), Actor: actor(n),
		Data: fmt.Appendf(nil, `{"bytes":%d,"region":"r%d","status":%d,"ms":%d}`, draw(n, 'x', 1<<20), draw(n, 'r', 6), 200+draw(n, 'y', 5), draw(n, 'm', 900)),
	}
	if draw(n, 'w', 20) == 0 {
		e.Reason = "asked for by the customer"
	}
	return e
}

// fill adds events until there are so many, and returns how many were made.
func fill(ctx context.Context, j *journal.Journal, events uint64) (uint64, error) {
	from := j.Head().Size
	for at := from; at < events; {
		batch := make([]journal.Entry, 0, 4096)
		for ; at < events && len(batch) < cap(batch); at++ {
			batch = append(batch, event(at))
		}
		if _, err := j.Append(ctx, batch...); err != nil {
			return 0, err
		}
	}
	return j.Head().Size - from, j.Publish(ctx)
}

func size(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if info, e := d.Info(); err == nil && e == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

func slowest(v []float64) float64 { return slices.Max(v) }
