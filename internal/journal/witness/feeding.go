package witness

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Log is what a feeder needs of our own log.
type Log interface {
	// Checkpoint returns the newest signed checkpoint.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Consistency returns the RFC 6962 proof between two sizes, 0 < old < new.
	Consistency(ctx context.Context, old, new uint64) ([][]byte, error)
}

// Peer is a witness that we ask.
type Peer struct {
	URL string // submission prefix; /add-checkpoint is added
	Key string // vkey of type 0x04
}

// FeederOptions configure a [Feeder]. Durations of zero mean the defaults.
type FeederOptions struct {
	Log    Log
	Keys   Logs // our log's own verifier key: a checkpoint that we cannot verify is not sent
	Peers  []Peer
	Client *http.Client // nil means one of its own
	Now    func() time.Time

	Interval   time.Duration // between looks at the log: 1 s
	Timeout    time.Duration // of one whole exchange: 3 s, at most half of [Grace]
	MaxBackoff time.Duration // between tries of a failing witness: 30 s
	AlarmAfter time.Duration // a witness that long without a cosignature is an alarm: 1 min

	// Cosigned takes a checkpoint with all the cosignatures so far. It is called again as
	// more arrive, never at the same time, and never with a smaller tree unless that one
	// has more cosignatures. An error is an alarm; the next cosignature tries again.
	Cosigned func(signed []byte, witnesses int) error
	// Last is what Cosigned was given last before a restart; nil at the first start. By
	// it the feeder knows what each witness must remember.
	Last []byte
	// Alarm is told what changes for the worse and, with Cleared, for the better. It is
	// never called twice at the same time, and must not block.
	Alarm func(Alarm)
}

// NewFeeder checks the options.
func NewFeeder(o FeederOptions) (*Feeder, error) {
	setDefault(&o.Interval, time.Second)
	setDefault(&o.Timeout, 3*time.Second)
	setDefault(&o.MaxBackoff, 30*time.Second)
	setDefault(&o.AlarmAfter, time.Minute)
	if o.Timeout > Grace/2 {
		return nil, fmt.Errorf("feed witnesses: a timeout of %s is above %s: a late request would look like a rollback", o.Timeout, Grace/2)
	}
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	f := &Feeder{o: o, set: newCollection(o.Cosigned), own: &watch{after: o.AlarmAfter}, news: make(chan struct{})}
	seen := map[string]bool{}
	for _, p := range o.Peers {
		c, err := ParseCosigner(p.Key)
		if err != nil {
			return nil, fmt.Errorf("feed witness %s: %w", p.URL, err)
		}
		if seen[string(c.key)] {
			return nil, fmt.Errorf("feed witness %s: its key %s is listed twice: two names with one key are one witness", p.URL, c)
		}
		seen[string(c.key)] = true
		f.peers = append(f.peers, &peer{url: p.URL, cosigner: c, watch: watch{name: c.Name(), after: o.AlarmAfter}})
	}
	return f, f.remember(o.Last)
}

// remember takes from the last cosigned checkpoint what each witness must know.
func (f *Feeder) remember(signed []byte) error {
	if signed == nil {
		return nil
	}
	last, err := f.o.Keys.Open(signed)
	if err != nil {
		return fmt.Errorf("feed witnesses: the cosigned checkpoint kept before the restart: %w", err)
	}
	for _, p := range f.peers {
		if _, err := Quorum(signed, []string{p.cosigner.String()}, 1); err == nil {
			p.cosigned = last.Size
		}
	}
	return nil
}

func setDefault(d *time.Duration, v time.Duration) {
	if *d <= 0 {
		*d = v
	}
}
