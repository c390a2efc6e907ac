package s3_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
)

func ensured(t testing.TB, g *s3test.Gateway) *s3.Store {
	t.Helper()
	s := g.Open(t, "fournines-test-"+s3test.Token(), nil)
	if err := s.EnsureBucket(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func held(r s3.Report) map[string]bool {
	m := map[string]bool{}
	for _, a := range r.Attempts {
		m[a.Name] = a.Held
	}
	return m
}

// The embedded store must hold every lock that is given with an object, and its known
// hole, the default rule that is not stamped on objects, must be found.
func TestProbeOfTheEmbeddedStore(t *testing.T) {
	t.Parallel()
	for name, sidecar := range map[string]bool{"attributes on inodes": false, "attributes in files": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := s3test.Start(t, t.TempDir(), func(o *gateway.Options) { o.Sidecar = sidecar })
			s := ensured(t, g)
			for range 2 { // the second finds what the first has left
				r, err := s3.Probe(t.Context(), s, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range r.Attempts {
					if a.Held == a.DefaultRule || a.Meaning == "" || a.Detail == "" {
						t.Errorf("%+v", a)
					}
				}
				if !r.Holds || r.DefaultHolds || len(r.Attempts) != 15 {
					b, _ := json.MarshalIndent(r, "", " ")
					t.Fatalf("%s", b)
				}
			}
			long := 0
			for e, err := range s.Versions(t.Context(), s3.ProbePrefix+"long") {
				if err != nil {
					t.Fatal(err)
				}
				if long++; e.Marker {
					t.Fatalf("%+v", e)
				}
			}
			if long != 1 {
				t.Fatalf("two probes have left %d long canaries", long)
			}
		})
	}
}

// An endpoint that loses a lock is found out, and nothing dangerous is tried on it then:
// here somebody on its machine takes the lock off the canary in the middle of the probe.
func TestProbeFindsABrokenLock(t *testing.T) {
	t.Parallel()
	g := s3test.Start(t, t.TempDir(), nil)
	s := ensured(t, g)
	canary := filepath.Join(g.Options.Dir, "objects", s.Bucket(), s3.ProbePrefix, "canary")
	r, err := s3.Probe(t.Context(), s, func() time.Time { // asked for when the canary is to be overwritten
		_ = unix.Removexattr(canary, "user.object-retention") // fails until the canary is there
		return time.Now()
	})
	if err != nil {
		t.Fatal(err)
	}
	h := held(r)
	if r.Holds || !h["shorten"] || h["overwrite"] || h["delete-bucket"] {
		t.Fatalf("%+v", r)
	}
	if err := s.EnsureBucket(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Attempts {
		if a.Name == "delete-bucket" && !strings.HasPrefix(a.Detail, "not tried") || a.Name == "overwrite" && !strings.Contains(a.Detail, "gone") {
			t.Errorf("%+v", a)
		}
	}
}

// A probe that dies at any of its requests leaves a bucket which the next one repairs.
func TestAKilledProbeIsRepairedByTheNext(t *testing.T) {
	t.Parallel()
	g := s3test.Start(t, t.TempDir(), nil)
	died, changed := 0, 0
	for n := int32(3); ; n += 7 {
		s := ensured(t, g) // old canaries would change what the n-th request is
		if err := s3.SetRule(t.Context(), s, s3.Governance, 2); err != nil {
			t.Fatal(err)
		}
		p := s3test.NewProxy(t, g.Options.Listen)
		p.DieAfter(n)
		_, err := s3.Probe(t.Context(), p.Open(t, g, s.Bucket(), func(o *s3.Options) { o.Attempts = 1 }), time.Now)
		if err == nil {
			break // it needed no more requests than that
		}
		died++
		if !ruleIs(t, s, 2) {
			changed++
		}
		if _, err := s3.Probe(t.Context(), s, time.Now); err != nil {
			t.Fatal(err)
		}
		if !ruleIs(t, s, 2) {
			t.Fatalf("killed at request %d, and the next probe did not repair it", n)
		}
	}
	if died < 10 || changed < 2 {
		t.Fatalf("it died %d times, %d of them with another rule: the test looks in the wrong place", died, changed)
	}
}

func ruleIs(t *testing.T, s *s3.Store, days int32) bool {
	t.Helper()
	mode, got, err := s3.Rule(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return mode == s3.Governance && got == days
}

func TestProbeSaysWhenItCannotFindOut(t *testing.T) {
	t.Parallel()
	g := s3test.Start(t, t.TempDir(), nil)
	s := g.Open(t, "fournines-test-"+s3test.Token(), func(o *s3.Options) { o.Attempts = 1 })
	if _, err := s3.Probe(t.Context(), s, time.Now); !errors.Is(err, s3.ErrNotFound) {
		t.Fatalf("without a bucket: %v", err)
	}
	if err := s.EnsureBucket(t.Context()); err != nil {
		t.Fatal(err)
	}
	late := func() time.Time { return time.Now().Add(-time.Hour) } // our clock is behind: the lock would be over already
	if r, err := s3.Probe(t.Context(), s, late); err == nil {
		t.Fatalf("a clock that is an hour wrong proves nothing, and it reported %+v", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s3.Probe(ctx, s, time.Now); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}
