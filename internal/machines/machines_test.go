package machines

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clock is a time that a test moves.
type clock struct{ now time.Time }

func newRegistry(t *testing.T) (Registry, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)}
	return Registry{Dir: filepath.Join(t.TempDir(), "gate"), Now: func() time.Time { return c.now }}, c
}

func key(t *testing.T) []byte {
	t.Helper()
	s, err := Signer(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return s.PublicKey().Marshal()
}

func invite(t *testing.T, r Registry, machine string) string {
	t.Helper()
	secret, err := r.Invite(machine, "ada", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestInvitationsEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, Registry, *clock, string) string{
		"with its time": func(_ *testing.T, _ Registry, c *clock, secret string) string {
			c.now = c.now.Add(time.Hour)
			return secret
		},
		"with its use": func(t *testing.T, r Registry, _ *clock, secret string) string {
			if err := r.Accept("m", secret, key(t)); err != nil {
				t.Fatal(err)
			}
			return secret
		},
		"with the next": func(t *testing.T, r Registry, _ *clock, secret string) string {
			invite(t, r, "m")
			return secret
		},
		"by dismissal": func(t *testing.T, r Registry, _ *clock, secret string) string {
			if err := r.Dismiss("m", "ada"); err != nil {
				t.Fatal(err)
			}
			return secret
		},
		"for another machine": func(t *testing.T, r Registry, _ *clock, _ string) string { return invite(t, r, "other") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, c := newRegistry(t)
			secret := invite(t, r, "m")
			if !r.Invited("m", secret) {
				t.Fatal("it does not stand")
			}
			secret = end(t, r, c, secret)
			if r.Invited("m", secret) {
				t.Error("it still stands")
			}
			before := r.Key("m")
			if err := r.Accept("m", secret, key(t)); err == nil || !bytes.Equal(r.Key("m"), before) {
				t.Errorf("a key was accepted: %v", err)
			}
		})
	}
}

func TestKeysAreKeptAndTold(t *testing.T) {
	t.Parallel()
	r, _ := newRegistry(t)
	k, secret := key(t), invite(t, r, "m")
	for range 2 { // the answer to the first may be lost
		if err := r.Accept("m", secret, k); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(r.Key("m"), k) || r.Key("other") != nil {
		t.Error("the key was not kept")
	}
	if b, err := os.ReadFile(filepath.Join(r.Dir, file)); err != nil || strings.Contains(string(b), secret) {
		t.Errorf("the secret is on the disk, or nothing is: %v", err)
	}
	if err := r.Dismiss("m", "bob"); err != nil || r.Key("m") != nil {
		t.Errorf("it was not dismissed: %v", err)
	}
	if err := r.Dismiss("m", "bob"); !errors.Is(err, ErrNone) {
		t.Errorf("it was dismissed twice: %v", err)
	}
	var what []string
	for {
		all, err := r.Untold()
		if err != nil {
			t.Fatal(err)
		}
		if len(all) == 0 {
			break
		}
		what = append(what, all[0].What+" "+all[0].By)
		if (all[0].What != Invited) != (all[0].Key == fingerprint(k)) {
			t.Errorf("%+v", all[0])
		}
		for range 2 {
			if err := r.Told(all[0].ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := strings.Join(what, ","); got != "invited ada,joined ,dismissed bob" {
		t.Errorf("told %s", got)
	}
}

func TestDamageIsNotOverwritten(t *testing.T) {
	t.Parallel()
	r, _ := newRegistry(t)
	invite(t, r, "m")
	if err := os.WriteFile(filepath.Join(r.Dir, file), []byte("{half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Invite("m", "ada", time.Hour); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("invited over a damaged file: %v", err)
	}
	if r.Key("m") != nil || r.Invited("m", "") {
		t.Error("somebody may join by a damaged file")
	}
}

func FuzzParseInvitation(f *testing.F) {
	f.Add(Invitation{"us-west-2/server", "10.0.0.5:9443", "SHA256:abc+/d", "s"}.String())
	f.Add("fournines://h/us-west-2/server")
	f.Add("fournines://h:1/?key=SHA256:&secret=x")
	f.Add("https://h:1/a?key=SHA256:a&secret=x")
	f.Fuzz(func(t *testing.T, s string) {
		i, err := ParseInvitation(s)
		if err != nil {
			return
		}
		again, err := ParseInvitation(i.String())
		if err != nil || again != i {
			t.Errorf("%q is read as %+v, and that as %+v: %v", s, i, again, err)
		}
	})
}
