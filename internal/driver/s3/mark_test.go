package s3_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/feed"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/fact"
)

func setAttribute(path, name, value string) error {
	return unix.Setxattr(path, "user."+name, []byte(value), 0)
}

var elsewhere = fact.Origin{Region: "east", Version: "v", Time: fact.Clock{Wall: 1}}

// plain puts as any client does.
func plain(t *testing.T, s *s3.Store, key, body string, metadata map[string]string) s3.Stored {
	t.Helper()
	stored, err := s.Put(t.Context(), key, strings.NewReader(body), s3.PutOptions{Metadata: metadata, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// origins are what the versions of a key are copies of, as both ways of asking say, "client" for none.
func origins(t *testing.T, s *s3.Store, key string) string {
	t.Helper()
	all, err := s.HistoriesOf(t.Context(), []string{key})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range all[key].Versions {
		asked, err := s.Origin(t.Context(), key, v)
		if err != nil || asked.Origin != v.Origin || asked.Tombstone != v.Tombstone {
			t.Errorf("%+v and %+v, %v", v, asked, err)
		}
		if name := v.Origin.String(); name != "" {
			out = append(out, name)
		} else {
			out = append(out, "client")
		}
	}
	return strings.Join(out, " ")
}

// An object with as much metadata as S3 allows is copied as it is; what it is a copy of is nobody's metadata.
func TestACopyIsWhatItsOriginalIs(t *testing.T) {
	t.Parallel()
	fed(t, func(t *testing.T, g *s3test.Gateway, to *s3.Store) {
		from := g.Open(t, "others", nil)
		if err := from.EnsureVersioned(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, metadata := range map[string]map[string]string{
			"full":  {"m": strings.Repeat("x", 2047)},
			"named": {"sha256": "mine", "fournines-origin": "mine", "fournines-copied": "1/2", "fournines-tombstone": "1"},
			"none":  {},
		} {
			for i, body := range []string{"x", string(s3test.Bytes(s3.MultipartBytes + 1))} {
				key := fmt.Sprint(name, "/", i)
				stored := plain(t, from, key, body, metadata)
				if _, err := to.CopyFrom(t.Context(), from, key, stored.Version, elsewhere, s3.Over{}); err != nil {
					t.Fatal(err)
				}
				i, err := to.Head(t.Context(), key, "")
				if err != nil || !maps.Equal(i.Metadata, metadata) || i.Size != int64(len(body)) {
					t.Errorf("%s: %v, %v", key, i, err)
				}
				o, err := to.Get(t.Context(), key, i.Version)
				if err != nil || !maps.Equal(o.Metadata, metadata) {
					t.Errorf("%s: %v", key, err)
				}
				_ = o.Body.Close()
				if got := origins(t, to, key); got != elsewhere.String() {
					t.Errorf("%s is a copy of %q", key, got)
				}
			}
		}
	})
}

// What a client puts is a write of its own, whatever it has read and whatever it sends.
func TestAClientsWriteIsNeverTakenForACopy(t *testing.T) {
	t.Parallel()
	fed(t, func(t *testing.T, g *s3test.Gateway, s *s3.Store) {
		from := g.Open(t, "others", nil)
		if err := from.EnsureVersioned(t.Context()); err != nil {
			t.Fatal(err)
		}
		stored := plain(t, from, "k", "first", map[string]string{"by": "a client"})
		if _, err := s.CopyFrom(t.Context(), from, "k", stored.Version, elsewhere, s3.Over{}); err != nil {
			t.Fatal(err)
		}
		o, err := s.Get(t.Context(), "k", "")
		if err != nil {
			t.Fatal(err)
		}
		_ = o.Body.Close()
		plain(t, s, "k", "edited", o.Metadata)
		plain(t, s, "k", "first", o.Metadata) // the same bytes again
		if err := s3.Describe(t.Context(), s, "k", map[string]string{"by": "another"}); err != nil {
			t.Fatal(err)
		}
		if got, want := origins(t, s, "k"), elsewhere.String()+" client client client"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if i, err := s.Head(t.Context(), "k", ""); err != nil || i.Metadata["by"] != "another" {
			t.Errorf("%+v, %v", i, err)
		}
		// Metadata with our names, true in every part, and a header that no signature covers.
		if _, err := s.Put(t.Context(), "forged", strings.NewReader("x"), s3.PutOptions{Metadata: map[string]string{
			feed.MarkOrigin: elsewhere.String(), feed.MarkCopied: feed.Stamp("forged", time.Now()),
		}}); err != nil {
			t.Fatal(err)
		}
		address, err := s3.Presigned(t.Context(), s, "presigned")
		if err != nil {
			t.Fatal(err)
		}
		mark, err := feed.Mark{Origin: elsewhere.String(), Sum: "LXEWQrcmsEQBYnyp++6wy9chTD7GQPMTbAiWHF5IaSI=", Size: 1}.Header()
		if err != nil {
			t.Fatal(err)
		}
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set(feed.MarkHeader, mark)
		a, err := http.DefaultClient.Do(q)
		if err != nil || a.StatusCode != http.StatusOK {
			t.Fatalf("%+v, %v", a, err)
		}
		_ = a.Body.Close()
		for _, key := range []string{"forged", "presigned"} {
			if got := origins(t, s, key); got != "client" {
				t.Errorf("%s is taken for %q", key, got)
			}
		}
	})
}

// Copies that an earlier version has marked in their metadata stay copies, are shown without it, and are no licence for others.
func TestMarksOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	fed(t, func(t *testing.T, g *s3test.Gateway, s *s3.Store) {
		var err error
		if dir := g.Options.Dir; g.Options.Sidecar {
			err = os.Remove(filepath.Join(dir, "sidecar", "objects", "meta", "fournines-marks"))
		} else {
			err = unix.Removexattr(filepath.Join(dir, "objects", "objects"), "user.fournines-marks")
		}
		if err != nil { // as the bucket was laid out before
			t.Fatal(err)
		}
		old := func(key, body string, o fact.Origin) map[string]string {
			t.Helper()
			metadata := map[string]string{"by": "a client", feed.MarkOrigin: o.String(), feed.MarkCopied: feed.Stamp(key, time.Now())}
			stored, err := s.Put(t.Context(), key, strings.NewReader(body), s3.PutOptions{Metadata: metadata})
			if err != nil {
				t.Fatal(err)
			}
			metadata[feed.OldSHA256] = stored.SHA256
			return metadata
		}
		read := old("k", "first", elsewhere)
		plain(t, s, "k", "edited", read) // as an application did that had read it
		plain(t, s, "k", "first", read)  // and with the same bytes
		old("other", "x", elsewhere)
		if err := s.KeepMarks(t.Context()); err != nil {
			t.Fatal(err)
		}
		old("late", "x", elsewhere)
		for key, want := range map[string]string{"k": elsewhere.String() + " client client", "other": elsewhere.String(), "late": "client"} {
			if got := origins(t, s, key); got != want {
				t.Errorf("%s: %q, want %q", key, got, want)
			}
		}
		for _, key := range []string{"other", "k"} { // also where it was put back
			i, err := s.Head(t.Context(), key, "")
			if err != nil || !maps.Equal(i.Metadata, map[string]string{"by": "a client"}) {
				t.Errorf("%+v, %v", i, err)
			}
		}
	})
}

// An endpoint that cannot tell copies from what clients write is none to copy to.
func TestAnEndpointWithoutMarks(t *testing.T) {
	t.Parallel()
	g := s3test.Start(t, t.TempDir(), nil)
	p := s3test.NewProxy(t, g.Options.Listen)
	s := p.Open(t, g, "objects", nil)
	if err := s.EnsureVersioned(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.LackPut("/objects/" + feed.MarksPath)
	if err := s.KeepMarks(t.Context()); !errors.Is(err, s3.ErrUnmarked) || !strings.Contains(err.Error(), "older version") {
		t.Errorf("%v", err)
	}
}
