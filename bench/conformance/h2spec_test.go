// Package conformance holds the edge against test suites that others wrote.
package conformance

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"

	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/pki"
)

// cases is how many h2spec 2.2.1 has with its strict ones.
const cases = 146

// TestHTTP2 runs h2spec with its strict cases against an edge with a real upstream.
func TestHTTP2(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a body that breaks is h2spec's doing
		_, _ = io.WriteString(w, strings.Repeat("x", 1024))
	}))
	defer upstream.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "https.pem")
	authority, err := pki.Open(dir, "greenlang.test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authority.Ensure(file, []string{"api.greenlang.test", "127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	e := edge.New(edge.Options{Dir: dir})
	if err := e.Apply(edge.Config{Version: 1, Region: "conformance", TLS: &edge.TLS{Certificates: []edge.Certificate{{CertFile: file, KeyFile: file}}}, HTTP: []edge.HTTPService{{
		Name: "api", Listen: "127.0.0.1:0", ListenTLS: "127.0.0.1:0",
		Targets: []edge.Target{{Name: "a", Address: upstream.Listener.Addr().String()}},
	}}}); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	address, _ := e.Address("api")
	t.Run("cleartext", func(t *testing.T) { h2spec(t, address, false) })
	address, _ = e.AddressTLS("api")
	t.Run("tls", func(t *testing.T) { h2spec(t, address, true) })
}

func h2spec(t *testing.T, address string, secure bool) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	c := &config.Config{
		Host: host, Port: number, Path: "/", Timeout: 5 * time.Second, MaxHeaderLen: 4000,
		Strict: true, TLS: secure, Insecure: secure,
	}
	var passed, failed, skipped int
	said := captured(t, func() {
		for _, group := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
			group.Test(c)
			passed, failed, skipped = passed+group.PassedCount, failed+group.FailedCount, skipped+group.SkippedCount
		}
	})
	if passed != cases || failed != 0 || skipped != 0 {
		t.Errorf("h2spec: %d passed, %d failed, %d skipped of %d:\n%s", passed, failed, skipped, cases, said)
	}
}

// captured returns what do prints, because h2spec knows only standard output.
func captured(t *testing.T, do func()) string {
	f, err := os.CreateTemp(t.TempDir(), "said")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stdout := os.Stdout
	os.Stdout = f
	defer func() { os.Stdout = stdout }()
	do()
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
