package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/witness"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/wing"
)

// site is one server with an installation of its own, which runs no engines.
type site struct {
	t      *testing.T
	root   string
	listen string
	s      *ServerApp
	stop   func()
	more   []Maker // wings of a test
}

// newSite lays an installation down in a region; more is added to its platform file.
func newSite(t *testing.T, more string) *site {
	t.Helper()
	return newSiteOf(t, place.Installation{Regions: []string{"us-east-1"}}, func(text string) string { return text + more })
}

// newSiteOf lays this installation down, at an address and in a network of its own and with
// the platform file edited.
func newSiteOf(t *testing.T, inst place.Installation, edit func(string) string, more ...Maker) *site {
	t.Helper()
	x := &site{t: t, root: t.TempDir(), listen: loopback.Free(t), more: more}
	text := strings.Replace(string(spec.BuiltInYAML()), "name: us-east-1,      number: 1,", fmt.Sprintf("name: us-east-1,      number: %d,", loopback.New(t)), 1)
	inst.Listen = x.listen
	if err := place.SaveInstallation(x.root, inst, []byte(edit(text))); err != nil {
		t.Fatal(err)
	}
	if _, err := place.EnsureSecrets(x.root); err != nil {
		t.Fatal(err)
	}
	x.start()
	t.Cleanup(func() { x.stop() })
	return x
}

func (x *site) open(ctx context.Context) (*ServerApp, error) {
	return OpenServer(ctx, x.root, place.Server, "test", slog.New(slog.DiscardHandler), x.more...)
}

func (x *site) start() {
	x.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := x.open(ctx)
	if err != nil {
		cancel()
		x.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	x.s = s
	x.stop = func() {
		cancel()
		if err := errors.Join(<-served, s.Close()); err != nil {
			x.t.Error(err)
		}
		x.stop = func() {}
	}
}

// say appends n entries.
func (x *site) say(n int) {
	x.t.Helper()
	for range n {
		if err := wing.Record(x.t.Context(), x.s.House, serverStarted, place.Server, started{Version: "test"}); err != nil {
			x.t.Fatal(err)
		}
	}
}

// await waits until what the server says of its witnesses is as wanted.
func (x *site) await(what string, want func(compliancedoor.Witnesses) bool) compliancedoor.Witnesses {
	x.t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; {
		changed := x.s.State.Changed()
		w, err := x.s.compliance.Witnesses(x.t.Context())
		if err != nil {
			x.t.Fatal(err)
		}
		if want(w) {
			return w
		}
		if time.Now().After(end) {
			x.t.Fatalf("%s: never; it is %+v", what, w)
		}
		select {
		case <-changed:
		case <-time.After(50 * time.Millisecond): // cosignatures are no entries
		}
	}
}

func (x *site) watchedBy(y *site, name string) {
	x.t.Helper()
	card := y.s.compliance.Card()
	p := compliance.Peer{Name: name, URL: "http://" + y.listen, Log: card.Log, Witness: card.Witness}
	if err := x.s.compliance.AddWitness(x.t.Context(), p, "test"); err != nil {
		x.t.Fatal(err)
	}
}

// copyAll replaces a directory by another, with its modes.
func copyAll(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func accused(kind witness.Kind) func(compliancedoor.Witnesses) bool {
	return func(w compliancedoor.Witnesses) bool {
		for _, a := range w.Accusations {
			if a.Kind == kind {
				return true
			}
		}
		return false
	}
}

func troubled(kind witness.Trouble) func(compliancedoor.Witnesses) bool {
	return func(w compliancedoor.Witnesses) bool {
		for _, t := range w.Troubles {
			if t.Trouble == kind {
				return true
			}
		}
		return false
	}
}

// Two servers on one machine watch each other. The one whose whole directory is put back
// from a copy, and then goes another way, is called out by the other, and knows it itself.
func TestTwoServersCallOutRollbackAndFork(t *testing.T) {
	t.Parallel()
	a, b := newSite(t, ""), newSite(t, "")
	if err := a.s.compliance.AddWitness(t.Context(), compliance.Peer{Name: "me", URL: "http://" + a.listen, Log: a.s.compliance.Card().Log, Witness: a.s.compliance.Card().Witness}, "test"); !errors.Is(err, api.ErrRefused) {
		t.Fatalf("a journal that watches itself: %v", err)
	}
	a.watchedBy(b, "b")
	b.watchedBy(a, "a")
	cosigned := func(n uint64) func(compliancedoor.Witnesses) bool {
		return func(w compliancedoor.Witnesses) bool { return w.Peers[0].Cosigned >= n && w.Peers[0].Watched > 0 }
	}
	a.await("b cosigns a", cosigned(1))
	b.await("a cosigns b", cosigned(1))

	a.stop()
	dir, copied := filepath.Join(a.root, place.Server), t.TempDir()
	copyAll(t, dir, copied)
	a.start()
	a.say(40)
	ahead := a.s.Journal.Head().Size
	a.await("b cosigns what came after the copy", cosigned(ahead))
	a.stop()

	// The journal alone is older than the state: the server does not even start.
	copyAll(t, filepath.Join(copied, "journal"), filepath.Join(dir, "journal"))
	s, err := a.open(t.Context())
	if damage := (*journal.DamageError)(nil); !errors.As(err, &damage) || damage.Kind != journal.RolledBack {
		t.Fatalf("a rolled-back journal under a newer state: %v (%v)", err, s)
	}

	// The whole directory agrees with itself; the other server knows better.
	copyAll(t, copied, dir)
	begun := time.Now()
	a.start()
	b.await("b calls the rollback out", accused(witness.Rollback))
	t.Logf("rollback called out %.1f s after the start", time.Since(begun).Seconds())
	a.await("a is told", troubled(witness.Shrunk))

	a.say(100) // past what b has cosigned: now it is a fork
	begun = time.Now()
	found := b.await("b calls the fork out", accused(witness.Fork))
	t.Logf("fork called out %.1f s after it was written", time.Since(begun).Seconds())
	a.await("a is told", troubled(witness.Contradicted))

	// The evidence is in b's journal, and its log is still whole.
	var finding witness.Finding
	records, err := b.s.Journal.Read(found.Accusations[0].Entry, 1)
	if err == nil {
		err = records[0].Decode(&finding)
	}
	logs := witness.Logs{}
	if err := errors.Join(err, logs.Add(a.s.Journal.VerifierKey())); err != nil {
		t.Fatal(err)
	}
	if err := finding.Verify(logs); finding.Kind == witness.Fork && err != nil {
		t.Fatalf("the evidence of the fork: %v", err)
	}
}

// What is published at /log is the journal, for who has the token; the keys are for all.
func TestTheJournalIsPublished(t *testing.T) {
	t.Parallel()
	a := newSite(t, "")
	a.say(300)
	base := "http://" + a.listen
	if err := a.s.Journal.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	key := a.s.Journal.VerifierKey()
	audit, err := journal.VerifyURL(t.Context(), base+logPath, key, journal.VerifyOptions{Token: a.s.Secrets.Token})
	if err != nil || audit.Size < 300 {
		t.Fatalf("%+v %v", audit, err)
	}
	if _, err := journal.VerifyURL(t.Context(), base+logPath, key, journal.VerifyOptions{}); err == nil || !strings.Contains(err.Error(), "401") {
		t.Fatalf("without the token: %v", err)
	}
	resp, err := http.Get(base + compliance.WitnessPath + "/card") //nolint:noctx // test
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", resp, err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := a.s.compliance.Prove(t.Context(), 299)
	if err == nil {
		err = p.Verify()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.s.compliance.Prove(t.Context(), 1<<40); !errors.Is(err, api.ErrNotFound) {
		t.Fatalf("past the end: %v", err)
	}
}
