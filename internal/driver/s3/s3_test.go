package s3_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
)

const keys = "[default]\naws_access_key_id = AK\naws_secret_access_key = very/secret=\n[other]\naws_access_key_id = no\n"

func TestCredentialsAreReadFromAPrivateFileAndNeverPrinted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(path, []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := s3.LoadCredentials(path)
	if err != nil || c.AccessKey != "AK" || c.SecretKey != "very/secret=" {
		t.Fatalf("%q %q %v", c.AccessKey, c.SecretKey, err)
	}
	if s := fmt.Sprintf("%v %+v %#v %s", c, c, c, c); strings.Contains(s, "very") {
		t.Fatalf("printed: %s", s)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := s3.LoadCredentials(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Fatalf("a file that others may read: %v", err)
	}
}

func FuzzParseCredentials(f *testing.F) {
	for _, s := range []string{keys, "", "[default", "aws_access_key_id=a\naws_secret_access_key=b", "[]\n=", "; comment\n# comment\nx"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := s3.ParseCredentials(b)
		if err == nil && (c.AccessKey == "" || c.SecretKey == "") {
			t.Fatalf("taken without keys: %q", b)
		}
		if err != nil && len(b) > 40 && strings.Contains(err.Error(), string(b)) {
			t.Fatal("the error repeats the file")
		}
	})
}

func FuzzParseNote(f *testing.F) {
	for _, s := range []string{`{"at":"2026-01-02T03:04:05Z","rule":{"mode":"COMPLIANCE","days":30}}`, `{"rule":{"mode":"GOVERNANCE","years":7}}`, `{}`, `{"rule":{"mode":"x","days":1,"years":1}}`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := s3.ParseNote(b)
		if r := n.Rule; err == nil && r != nil && (r.Mode != s3.Compliance && r.Mode != s3.Governance || r.Days <= 0 && r.Years <= 0) {
			t.Fatalf("taken: %q as %+v", b, *r)
		}
	})
}

func TestOptionsAreRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	good := s3.Options{Endpoint: "http://127.0.0.1:1", Bucket: "b", Credentials: s3.Credentials{AccessKey: "a", SecretKey: "hidden"}}
	for want, change := range map[string]func(*s3.Options){
		"no bucket":      func(o *s3.Options) { o.Bucket = "" },
		"no credentials": func(o *s3.Options) { o.Credentials.SecretKey = "" },
		"without cred":   func(o *s3.Options) { o.Endpoint = "http://user:hidden@127.0.0.1:1" },
		"http://HOST":    func(o *s3.Options) { o.Endpoint = "127.0.0.1:1" },
		"read cert":      func(o *s3.Options) { o.CAFile = "/nonexistent" },
		"no certificate": func(o *s3.Options) { o.CAFile = "s3_test.go" },
	} {
		o := good
		change(&o)
		if _, err := s3.New(o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if _, err := s3.New(good); err != nil {
		t.Fatal(err)
	}
}

func TestWrongKeysAreDenied(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(o *s3.Options) { o.Credentials.SecretKey = "wrong" })
	_, err := b.broken.Head(t.Context(), "k", "")
	if !errors.Is(err, s3.ErrDenied) || !strings.Contains(err.Error(), "check the credentials") {
		t.Fatalf("got %v", err)
	}
}

// A bucket that was made without versioning and lock gets both.
func TestEnsureBucketCompletesABucket(t *testing.T) {
	t.Parallel()
	b := newBed(t, nil)
	s := b.gateway.Open(t, "plain-bucket", nil)
	if err := s3.MakePlain(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.EnsureBucket(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Put(t.Context(), "k", strings.NewReader("x"), s3.PutOptions{RetainUntil: time.Now().Add(time.Minute)})
	if err != nil || got.Mode != s3.Compliance {
		t.Fatalf("%+v %v", got, err)
	}
}

func TestPartsOfTheLargestObjectFit(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{s3.MultipartBytes + 1, 640 << 30, 641 << 30, 5 << 40} {
		n := s3.PartBytes(size)
		if parts := (size + n - 1) / n; parts > 10_000 || n < s3.MultipartBytes || n%(1<<20) != 0 || n > 5<<30 {
			t.Errorf("%d bytes: %d parts of %d", size, parts, n)
		}
	}
}
