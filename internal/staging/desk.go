package staging

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/fact"
)

// desk answers the processes inside: it judges whether their place is closed, and fetches files
// of the log for them.
type desk struct {
	engine   pgbackrest.Engine
	data     string
	patience time.Duration
	host     uint64 // number of our network namespace
	told     func() // something has changed

	mu        sync.Mutex
	isolation fact.Isolation
	chain     fact.WALChain
	segments  int   // that were fetched
	failure   error // the first file that could not be fetched, although it is needed or nobody can tell
}

func (d *desk) reply(ctx context.Context, a ask) answer {
	var v verdict
	var err error
	if a.Isolation != nil {
		v, err = done, d.enters(*a.Isolation)
	} else {
		v, err = d.fetch(ctx, a)
	}
	if err != nil {
		d.mu.Lock()
		if d.failure == nil {
			d.failure = err
		}
		d.mu.Unlock()
		return answer{Verdict: failed, Why: err.Error()}
	}
	d.told()
	return answer{Verdict: v}
}

// enters notes where a process stands, and refuses a place that is open.
func (d *desk) enters(i fact.Isolation) error {
	i.Host = d.host
	d.mu.Lock()
	defer d.mu.Unlock()
	d.isolation = i
	return closed(i)
}

// files are what a server asks for: segments, and histories of timelines.
var files = regexp.MustCompile(`^([0-9A-F]{8})([0-9A-F]{16}|\.history)$`)

// places are where it wants them, below its data directory.
var places = []string{"pg_wal/RECOVERYXLOG", "pg_wal/RECOVERYHISTORY"}

// pauseAway is the time between two questions to a store that is away.
const pauseAway = time.Second

func (d *desk) fetch(ctx context.Context, a ask) (verdict, error) {
	if !files.MatchString(a.File) || !slices.Contains(places, a.To) {
		return failed, fmt.Errorf("nobody fetches %.60q to %.60q: a server asks for a segment or a history, to one of %q", a.File, a.To, places)
	}
	stored, err := d.engine.Fetch(ctx, d.data, a.File, filepath.Join(d.data, a.To))
	for begun := time.Now(); errors.Is(err, pgbackrest.ErrUnreachable) && time.Since(begun) < d.patience && ctx.Err() == nil; {
		select {
		case <-ctx.Done():
		case <-time.After(pauseAway):
		}
		stored, err = d.engine.Fetch(ctx, d.data, a.File, filepath.Join(d.data, a.To))
	}
	if err != nil {
		return failed, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !stored {
		if needed(d.chain, a.File) {
			return failed, fmt.Errorf("%s is not stored any more: it was when the restore was planned, and the way to the target needs it", a.File)
		}
		return absent, nil
	}
	if files.FindStringSubmatch(a.File)[2] != ".history" {
		d.segments++
	}
	return done, nil
}

// needed tells whether the way to the target leads over a file of the log. A server asks for the
// segment of an older timeline only after it was told that a newer one does not have it.
func needed(c fact.WALChain, file string) bool {
	m := files.FindStringSubmatch(file)
	if m == nil || len(c.First) != 24 || len(c.Last) != 24 {
		return true // nobody can tell
	}
	timeline, err := strconv.ParseUint(m[1], 16, 32)
	if err != nil {
		return true
	}
	i := slices.Index(c.Timelines, uint32(timeline))
	if m[2] == ".history" {
		return i > 0 // the first timeline's own history is of what was before the backup
	}
	return i >= 0 && m[2] >= c.First[8:] && m[2] <= c.Last[8:]
}

// seen returns what the desk knows.
func (d *desk) seen() (fact.Isolation, int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.isolation, d.segments, d.failure
}
