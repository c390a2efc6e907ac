package cert_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/cert"
)

// write makes a self-signed certificate in one file, in one step.
func write(t *testing.T, path string, serial int64, ends time.Time, names ...string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, NotBefore: ends.Add(-time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	put(t, path, b)
}

func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// shown is the serial number that a client for a name is shown; 0 when none.
func shown(t *testing.T, s *cert.Store, name string, change ...func(*tls.Config)) (serial int64, state tls.ConnectionState, err error) {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() { _ = tls.Server(far, s.TLS()).Handshake() }() // the client says how it went
	c := &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"h2"}}
	for _, f := range change {
		f(c)
	}
	client := tls.Client(near, c)
	if err := client.Handshake(); err != nil {
		return 0, state, err
	}
	state = client.ConnectionState()
	return state.PeerCertificates[0].SerialNumber.Int64(), state, nil
}

func files(path string) cert.Files { return cert.Files{Cert: path, Key: path} }

func TestNames(t *testing.T) {
	t.Parallel()
	dir, ends := t.TempDir(), time.Now().Add(time.Hour)
	var all []cert.Files
	for serial, names := range map[int64][]string{2: {"*.api.example", "api.example"}, 3: {"cell-1.api.example"}} {
		path := filepath.Join(dir, names[0])
		write(t, path, serial, ends, names...)
		all = append(all, files(path))
	}
	first := filepath.Join(dir, "first")
	write(t, first, 1, ends, "other.example")
	s := cert.NewStore(time.Now, func(cert.State) {})
	s.Use(append([]cert.Files{files(first)}, all...))
	defer s.Use(nil)
	for name, want := range map[string]int64{
		"api.example": 2, "API.example": 2, "x.api.example": 2, "cell-1.api.example": 3, "a.b.api.example": 1, "nobody.example": 1, "": 1,
	} {
		if serial, _, err := shown(t, s, name); err != nil || serial != want {
			t.Errorf("%q is shown certificate %d, %v; want %d", name, serial, err, want)
		}
	}
}

// TestRotation: a new file is used without a restart; whatever is wrong with it, the old
// certificate stays and the error is reported once.
func TestRotation(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "edge.pem")
	var reported []cert.State
	now := time.Now()
	s := cert.NewStore(func() time.Time { return now }, func(st cert.State) { reported = append(reported, st) })
	s.Use([]cert.Files{files(path)})
	defer s.Use(nil)
	if _, _, err := shown(t, s, "a.example"); err == nil {
		t.Fatal("a certificate was shown although there is no file")
	}
	expect := func(step string, serial int64, said string) {
		t.Helper()
		reported = nil
		s.Look()
		s.Look() // nothing new
		got, _, err := shown(t, s, "a.example")
		if err != nil || got != serial {
			t.Fatalf("%s: certificate %d is shown, %v; want %d", step, got, err, serial)
		}
		if len(reported) != 1 || !strings.Contains(reported[0].Error, said) || (said == "") != (reported[0].Error == "") {
			t.Fatalf("%s: reported %+v, want once %q", step, reported, said)
		}
		if states := s.States(); len(states) != 1 || states[0].Error != reported[0].Error || len(states[0].Names) != 1 {
			t.Fatalf("%s: the state is %+v", step, states)
		}
	}
	write(t, path, 7, now.Add(time.Hour), "a.example")
	expect("first", 7, "")
	write(t, path, 8, now.Add(2*time.Hour), "a.example")
	expect("rotated", 8, "")
	put(t, path, []byte("half a fi"))
	expect("broken", 8, "matching pair")
	write(t, path, 9, now.Add(-time.Minute), "a.example")
	expect("ended", 8, "renew it")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expect("gone", 8, "put the file there")
	write(t, path, 10, now.Add(3*time.Hour), "a.example")
	expect("good again", 10, "")
}

// TestVersions: HTTP/2 by ALPN; nothing older than 1.2, and of 1.2 only what HTTP/2 allows.
func TestVersions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "edge.pem")
	write(t, path, 1, time.Now().Add(time.Hour), "a.example")
	s := cert.NewStore(time.Now, func(cert.State) {})
	s.Use([]cert.Files{files(path)})
	defer s.Use(nil)
	if _, state, err := shown(t, s, "a.example"); err != nil || state.NegotiatedProtocol != "h2" || state.Version != tls.VersionTLS13 {
		t.Fatalf("got %q and version %x, %v", state.NegotiatedProtocol, state.Version, err)
	}
	for name, refused := range map[string]func(*tls.Config){
		"1.1": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"cbc": func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
		},
	} {
		if _, _, err := shown(t, s, "a.example", refused); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
