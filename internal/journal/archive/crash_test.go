package archive_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/compliance/wiring/bucket"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
)

// life tells a test binary that it is to be an archiver, which kills itself.
const lifeEnv = "FOURNINES_TEST_ARCHIVER"

type life struct {
	Dir, Spool string
	Store      s3.Options
	KillAt     int64 // number of the boundary; 0: none
	Until      uint64
}

func TestMain(m *testing.M) {
	if text := os.Getenv(lifeEnv); text != "" {
		if err := live(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	s3test.Main(m)
}

// boundary kills the process before or after one of its effects.
type boundary struct {
	seen atomic.Int64
	at   int64
}

func (b *boundary) pass() {
	if b.seen.Add(1) == b.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

type mortalStore struct {
	archive.Store
	*boundary
}

func (s mortalStore) Put(ctx context.Context, key string, body io.ReadSeeker, until time.Time) (archive.Object, error) {
	s.pass()
	defer s.pass()
	return s.Store.Put(ctx, key, body, until)
}

type mortalRecorder struct {
	archive.Recorder
	*boundary
}

func (r mortalRecorder) Append(ctx context.Context, entries ...journal.Entry) (uint64, error) {
	r.pass()
	defer r.pass()
	return r.Recorder.Append(ctx, entries...)
}

// live archives until it is done or dead.
func live(text string) error {
	var x life
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		return err
	}
	l, err := openLedger(x.Dir, time.Now)
	if err != nil {
		return err
	}
	b, err := bucket.Open(x.Store, "log/")
	if err != nil {
		return err
	}
	border := &boundary{at: x.KillAt}
	o := options(l, b.Place(), mortalStore{b, border}, x.Spool)
	o.Record = mortalRecorder{l, border}
	a, err := archive.New(o)
	if err != nil {
		return err
	}
	for {
		if s, err := l.Status(); err != nil || s.Next >= x.Until {
			return errors.Join(err, l.Close())
		}
		if _, err := a.Step(context.Background()); err != nil {
			return err
		}
	}
}

// run starts a life, and tells whether it was killed.
func (x life) run(t *testing.T) (killed bool) {
	t.Helper()
	b, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), lifeEnv+"="+string(b))
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGKILL {
		return true
	}
	t.Fatalf("%v\n%s", err, out)
	return false
}

// An archiver that is killed before or after any of its effects leaves what the next one
// completes: nothing is there twice, nothing is missing.
func TestKilledAtEveryBoundary(t *testing.T) {
	t.Parallel()
	g := s3test.Start(t, t.TempDir(), nil)
	for at := int64(1); ; at++ {
		x := life{Dir: t.TempDir(), Spool: t.TempDir(), KillAt: at, Until: 700, Store: s3.Options{
			Endpoint: "http://" + g.Options.Listen, Bucket: "fournines-test-" + s3test.Token(),
			Credentials: s3.Credentials{AccessKey: g.Options.AccessKey, SecretKey: g.Options.SecretKey},
		}}
		b, err := bucket.Open(x.Store, "log/")
		if err == nil {
			err = b.Ensure(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		l, err := openLedger(x.Dir, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		l.trust(t, b.Place())
		l.add(t, 699)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		killed := x.run(t)
		x.KillAt = 0
		if killed && x.run(t) {
			t.Fatal("a life without an end was killed")
		}
		judge(t, x, b, at)
		if !killed {
			if at < 20 {
				t.Fatalf("it has only %d boundaries: the test looks in the wrong place", at)
			}
			t.Logf("%d boundaries", at-1)
			return
		}
	}
}

// judge looks at journal and bucket from outside.
func judge(t *testing.T, x life, b *bucket.Bucket, at int64) {
	t.Helper()
	l, err := openLedger(x.Dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // only read
	a, err := verify(t.Context(), l, b, time.Now())
	if err != nil {
		t.Fatalf("killed at %d: %v", at, err)
	}
	s, err := l.Status()
	if err != nil || s.Parts != uint64(a.Parts) || s.Next != a.Size || s.Pending != nil || len(a.Covered) > 0 { //nolint:gosec // a count
		t.Fatalf("killed at %d: %+v, %+v %v", at, a, s, err)
	}
	kinds := map[string]int{}
	records, err := l.Read(0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		kinds[r.Kind]++
	}
	if kinds["archive.stored"] != a.Parts || kinds["archive.begun"] != a.Parts {
		t.Fatalf("killed at %d: %d parts, and %v", at, a.Parts, kinds)
	}
	if left, err := os.ReadDir(x.Spool); err != nil || len(left) > 0 {
		t.Fatalf("killed at %d: %v is left in the spool (%v)", at, left, err)
	}
}
