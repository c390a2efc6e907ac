package ingest

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Options say how events are taken in. Journal, Sealer and Dir are required.
type Options struct {
	Journal Log
	Sealer  Sealer
	Dir     string             // of the index of ids; what is in it can be made again
	Quota   Quota              // of each tenant; zero: [DefaultQuota]
	Now     func() time.Time   // nil: time.Now
	Log     *slog.Logger       // nil: nobody
	Room    func() error       // says why events should wait though the journal could take them; nil: never
	Crash   func(point string) // called at the boundaries of an append, for tests
	Tokens  map[string]string  // application → its token

	slots, runIDs, tenants int // bounds; zero: the default ones
}

// MaxApplication bounds an application's name, in bytes.
const MaxApplication = 32

func (o Options) filled() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Quota == (Quota{}) {
		o.Quota = DefaultQuota()
	}
	if o.Room == nil {
		o.Room = func() error { return nil }
	}
	if o.Crash == nil {
		o.Crash = func(string) {}
	}
	or := func(n *int, otherwise int) {
		if *n == 0 {
			*n = otherwise
		}
	}
	or(&o.slots, slots)
	or(&o.runIDs, runIDs)
	or(&o.tenants, maxTenants)
	return o
}

func (o Options) check() error {
	for name := range o.Tokens {
		if name == "" || len(name) > MaxApplication || strings.ContainsAny(name, ":\x00") {
			return fmt.Errorf("take audit events: %q is not an application's name: a name has 1 to %d bytes and no colon", name, MaxApplication)
		}
	}
	return nil
}
