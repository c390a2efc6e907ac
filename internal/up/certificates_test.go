package up

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

// TestEveryEdgeHasItsCertificate: what directives name exists, is for every name that the
// edge is found by, and the directive holds no key.
func TestEveryEdgeHasItsCertificate(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Root, l.Regions = t.TempDir(), []string{"us-east-1", "us-west-2"}
	for _, region := range l.Regions {
		if err := os.MkdirAll(l.EdgeDir(region), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	if err := EnsureCertificates(l, now); err != nil {
		t.Fatal(err)
	}
	trusted, err := os.ReadFile(Authority(l.Root))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted)
	for _, region := range l.Regions {
		d, err := assign.Direct(l, region, availability.Place(l.Platform, l.Regions, nil, nil), nil, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(d.Config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse(b); err != nil || strings.Contains(string(b), "PRIVATE") {
			t.Fatalf("%s: %v in %s", region, err, b)
		}
		listens := false
		for _, s := range d.Config.HTTP {
			listens = listens || s.ListenTLS == l.EdgeAddress(region, place.HTTPS)
		}
		if !listens || d.Config.TLS == nil {
			t.Errorf("%s: nobody listens for HTTPS: %s", region, b)
			continue
		}
		c := d.Config.TLS.Certificates[0]
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{place.APIName, "cell-11." + place.APIName, region + "." + place.APIName, l.IP(region, ""), "localhost"} {
			if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
				t.Errorf("%s: %v", region, err)
			}
		}
	}
	before := mustRead(t, l.EdgeCertificate("us-west-2"))
	if err := EnsureCertificates(l, now.AddDate(0, 0, 1)); err != nil || mustRead(t, l.EdgeCertificate("us-west-2")) != before {
		t.Errorf("a fresh certificate was issued anew, %v", err)
	}
	if err := EnsureCertificates(l, now.AddDate(0, 0, 75)); err != nil || mustRead(t, l.EdgeCertificate("us-west-2")) == before {
		t.Errorf("a certificate that ends soon was not issued anew, %v", err)
	}
	if info, err := os.Stat(filepath.Join(filepath.Dir(Authority(l.Root)), "ca.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the authority's key: %v, %v", info, err)
	}
}

// TestTheEnginesUserMayPass: the edge's directory, with its key, is closed, and the region's
// that holds it is not.
func TestTheEnginesUserMayPass(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Root = t.TempDir()
	u := &Up{Layout: l}
	u.Regions = l.Regions
	if err := u.layDirectories(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{
		filepath.Dir(l.EdgeDir("us-east-1")): 0o755, l.Dir("us-east-1", "a"): 0o755, l.EdgeDir("us-east-1"): 0o700,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want mode %o", path, info.Mode(), err, want)
		}
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
