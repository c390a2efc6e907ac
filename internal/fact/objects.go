package fact

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Clock is a hybrid logical time: wall time as far as clocks agree, and a count where they
// do not, so that what was written on top of something is always later than that.
type Clock struct {
	Wall  int64 // milliseconds since 1970
	Count int64
}

// Compare orders two times.
func (c Clock) Compare(o Clock) int {
	return cmp.Or(cmp.Compare(c.Wall, o.Wall), cmp.Compare(c.Count, o.Count))
}

// Next returns the first time that is after c and not before wall.
func (c Clock) Next(wall time.Time) Clock {
	if n := (Clock{Wall: wall.UnixMilli()}); n.Compare(c) > 0 {
		return n
	}
	return Clock{Wall: c.Wall, Count: c.Count + 1}
}

// Time is the wall time.
func (c Clock) Time() time.Time { return time.UnixMilli(c.Wall) }

// String is MILLISECONDS.COUNT.
func (c Clock) String() string { return fmt.Sprintf("%d.%d", c.Wall, c.Count) }

// Origin names one write for good: where a client made it, and when. Copies carry it.
type Origin struct {
	Region  string `json:"region"`
	Version string `json:"version"` // that it has there
	Time    Clock  `json:"time"`
}

// Is tells whether both are the same write.
func (o Origin) Is(other Origin) bool {
	return o.Region == other.Region && o.Version == other.Version
}

// Compare orders writes to one key: the last one wins in every region.
func (o Origin) Compare(other Origin) int {
	return cmp.Or(o.Time.Compare(other.Time), cmp.Compare(o.Region, other.Region), cmp.Compare(o.Version, other.Version))
}

// String is REGION/MILLISECONDS.COUNT/VERSION; empty for no origin.
func (o Origin) String() string {
	if o == (Origin{}) {
		return ""
	}
	return o.Region + "/" + o.Time.String() + "/" + o.Version
}

var errOrigin = errors.New("is not REGION/MILLISECONDS.COUNT/VERSION")

// ParseOrigin reads what [Origin.String] has written.
func ParseOrigin(text string) (Origin, error) {
	bad := func() (Origin, error) {
		return Origin{}, fmt.Errorf("read origin of an object: %q %w", text, errOrigin)
	}
	if text == "" {
		return Origin{}, nil
	}
	parts := strings.SplitN(text, "/", 3)
	if len(parts) != 3 || parts[0] == "" || parts[2] == "" {
		return bad()
	}
	wall, count, ok := strings.Cut(parts[1], ".")
	o := Origin{Region: parts[0], Version: parts[2]}
	var err1, err2 error
	o.Time.Wall, err1 = strconv.ParseInt(wall, 10, 64)
	o.Time.Count, err2 = strconv.ParseInt(count, 10, 64)
	if !ok || err1 != nil || err2 != nil || o.Time.Wall < 0 || o.Time.Count < 0 || o.String() != text {
		return bad()
	}
	return o, nil
}

// ObjectVersion is one version of an object in one region's bucket (row 7.1.7).
type ObjectVersion struct {
	ID        string
	Written   time.Time // when this bucket got it
	Size      int64     // bytes
	ETag      string    // as the endpoint computed it, without quotes; of markers empty
	Marker    bool      // a delete marker: the key looks empty
	Tombstone bool      // carries the origin of the delete marker that follows it
	Origin    Origin    // of copies; zero: a client wrote it here
	Print     string    // of content headers and metadata; empty: it was not told
}

// ObjectHistory is all that a bucket has of one key, the oldest version first: the last is
// what clients get.
type ObjectHistory struct {
	Key      string
	Versions []ObjectVersion
}

// Latest returns the current version; zero where there is none.
func (h ObjectHistory) Latest() ObjectVersion {
	if len(h.Versions) == 0 {
		return ObjectVersion{}
	}
	return h.Versions[len(h.Versions)-1]
}

// ObjectMirror is one direction of replication between two regions' buckets, as their change feeds and comparing
// both of them prove it.
type ObjectMirror struct {
	From      string        `json:"from"` // region
	To        string        `json:"to"`
	At        time.Time     `json:"at"`       // when the newest look at what has changed began; without change feeds, at everything
	Cycle     time.Duration `json:"cycle_ns"` // from the beginning of the look before to its
	Whole     time.Time     `json:"whole_at"` // everything that was written before is in To but for what is stuck; zero: nobody knows yet
	Error     string        `json:"error,omitempty"`
	Objects   int64         `json:"objects"`              // versions and deletions that To lacks
	Bytes     int64         `json:"bytes"`                // of them
	Newest    time.Time     `json:"newest_at,omitzero"`   // when the newest that was copied had been written
	Took      time.Duration `json:"took_ns"`              // from its writing to its proof in To
	Copied    int64         `json:"copied"`               // since the server's start
	Sent      int64         `json:"sent"`                 // bytes of them
	Scrubbed  time.Time     `json:"scrubbed_at,omitzero"` // when the newest comparison of everything began that was brought to its end
	Why       string        `json:"why,omitempty"`        // why everything must be compared; empty: change feeds tell what is missing
	Drift     int64         `json:"drift"`                // versions that a comparison found missing and no change feed had named, since the server's start
	Conflicts int64         `json:"conflicts"`            // writes of From that lost to To's without having been there, since the server's start

	Stuck      []ObjectStuck `json:"stuck,omitempty"` // what cannot be copied, the oldest first, at most [ObjectsNamed]
	StuckCount int64         `json:"stuck_count"`     // of all of them
}

// ObjectsNamed is how many stuck objects of a direction are named.
const ObjectsNamed = 32

// ObjectStuck is a key that cannot be copied.
type ObjectStuck struct {
	Key   string    `json:"key"`
	Why   string    `json:"why"`
	Since time.Time `json:"since"` // when the oldest write that is missing had been made, as far as that is known
}

// Compare orders them by age.
func (s ObjectStuck) Compare(o ObjectStuck) int {
	return cmp.Or(s.Since.Compare(o.Since), cmp.Compare(s.Key, o.Key))
}

// Lag returns how much of what was written at From may be missing in To: never less than it
// is. -1: nobody knows yet.
func (m ObjectMirror) Lag(now time.Time) time.Duration {
	if m.Whole.IsZero() {
		return -1
	}
	return max(0, now.Sub(m.Whole))
}

// ObjectStore is a region's object store as it answers.
type ObjectStore struct {
	Region string    `json:"region"`
	Seen   time.Time `json:"seen"` // it last answered, and kept versions
	Error  string    `json:"error,omitempty"`
}
