package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var names = []string{"api.greenlang.test", "*.api.greenlang.test", "127.1.0.1"}

// verify checks a leaf as a client does that trusts the authority.
func verify(t *testing.T, dir, leaf, name string, at time.Time) error {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(leaf, leaf)
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := os.ReadFile(filepath.Join(dir, CertFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(trusted) {
		t.Fatal("nothing to trust")
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: at})
	return err
}

func ensure(t *testing.T, dir, zone string, names []string, now time.Time) (leaf string, issued bool) {
	t.Helper()
	a, err := Open(dir, zone, now)
	if err != nil {
		t.Fatal(err)
	}
	leaf = filepath.Join(dir, "edge.pem")
	if issued, err = a.Ensure(leaf, names); err != nil {
		t.Fatal(err)
	}
	return leaf, issued
}

func TestLives(t *testing.T) {
	t.Parallel()
	dir, start := t.TempDir(), time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	leaf, issued := ensure(t, dir, "greenlang.test", names, start)
	if !issued {
		t.Fatal("nothing was issued")
	}
	for name, good := range map[string]bool{
		"api.greenlang.test": true, "cell-3.api.greenlang.test": true, "us-east-1.api.greenlang.test": true, "127.1.0.1": true,
		"greenlang.test": false, "bank.example": false, "127.1.0.2": false,
	} {
		if err := verify(t, dir, leaf, name, start); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
	for path, mode := range map[string]os.FileMode{leaf: 0o600, filepath.Join(dir, keyFile): 0o600, filepath.Join(dir, CertFile): 0o644} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if _, issued := ensure(t, dir, "greenlang.test", names, start.AddDate(0, 0, 50)); issued {
		t.Error("issued anew although most of its life is left")
	}
	if _, issued := ensure(t, dir, "greenlang.test", names, start.AddDate(0, 0, 70)); !issued {
		t.Error("not issued anew although it ends soon")
	}
	if err := verify(t, dir, leaf, "api.greenlang.test", start.AddDate(0, 0, 100)); err != nil {
		t.Error(err)
	}
	now := start.AddDate(0, 0, 70)
	if _, issued := ensure(t, dir, "greenlang.test", names[:2], now); !issued {
		t.Error("not issued anew although its names changed")
	}
	// The authority itself ends soon: another one, and what it issued is issued anew.
	late := start.AddDate(7, 0, 0)
	if _, issued := ensure(t, dir, "greenlang.test", names, late); !issued {
		t.Error("not issued anew by the new authority")
	}
	if err := verify(t, dir, leaf, "api.greenlang.test", late); err != nil {
		t.Error(err)
	}
}

// TestConstraint: the authority can vouch for nothing but the platform's zone.
func TestConstraint(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	leaf, _ := ensure(t, dir, "greenlang.test", []string{"bank.example"}, now)
	if err := verify(t, dir, leaf, "bank.example", now); err == nil {
		t.Fatal("a certificate for another zone is valid")
	}
}

// TestDamage: what is broken is made again, except the authority's key, which somebody must look at.
func TestDamage(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	leaf, _ := ensure(t, dir, "greenlang.test", names, now)
	if err := os.WriteFile(leaf, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, issued := ensure(t, dir, "greenlang.test", names, now); !issued {
		t.Error("a broken file stayed")
	}
	if err := os.WriteFile(filepath.Join(dir, keyFile), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, "greenlang.test", now); err == nil {
		t.Error("a broken key was accepted")
	}
}
