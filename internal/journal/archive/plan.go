package archive

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Limits say when waiting entries become a part. Entries by the archive itself make no part
// due, so an idle journal comes to rest.
type Limits struct {
	Entries uint64        // so many wait; at least 256
	Bytes   int64         // so much of the log waits
	Age     time.Duration // the oldest has waited so long
}

// Standard limits: a part is at most as large as one segment of the log, and no entry
// waits for more than an hour.
var Standard = Limits{Entries: 65_536, Bytes: 64 << 20, Age: time.Hour}

// Check refuses limits that would cut parts without end.
func (l Limits) Check() error {
	if l.Entries < tiles.Width || l.Bytes < 1 || l.Age <= 0 {
		return fmt.Errorf("limits of the archive: %d entries, %d bytes and %s; at least %d entries, 1 byte and more than 0s are needed", l.Entries, l.Bytes, l.Age, tiles.Width)
	}
	return nil
}

// Backlog is what waits to be archived.
type Backlog struct {
	Next   uint64    // the first entry that waits
	Signed uint64    // entries that the newest checkpoint covers
	Oldest time.Time // of the oldest that is not about the archive itself; zero when none waits
	Bytes  func(from, to uint64) int64
}

// Waiting returns the number of entries that wait.
func (b Backlog) Waiting() uint64 { return b.Signed - min(b.Next, b.Signed) }

// Decide returns where the next part ends, if it is time for one. A part that is cut for
// its size ends where a tile does.
func (l Limits) Decide(b Backlog, now time.Time) (next uint64, due bool) {
	if b.Waiting() == 0 {
		return 0, false
	}
	if end := wholeTile(b.Next + l.Entries); end <= b.Signed {
		next = end
	}
	if b.Bytes(b.Next, b.Signed) >= l.Bytes {
		if end := l.full(b); end <= b.Signed && (next == 0 || end < next) {
			next = end
		}
	}
	if next == 0 && !b.Oldest.IsZero() && now.Sub(b.Oldest) >= l.Age {
		// More entries than that were cut for their number already.
		next = b.Signed
	}
	return next, next > 0
}

// full returns the first end of a tile at which the limit of bytes is reached.
func (l Limits) full(b Backlog) uint64 {
	low, high := (b.Next)/tiles.Width+1, (b.Signed+tiles.Width-1)/tiles.Width
	for low < high {
		if middle := (low + high) / 2; b.Bytes(b.Next, middle*tiles.Width) >= l.Bytes {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low * tiles.Width
}

func wholeTile(n uint64) uint64 { return (n + tiles.Width - 1) / tiles.Width * tiles.Width }
