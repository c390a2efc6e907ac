package edge_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/pki"
)

// secure is an edge with HTTPS in front of one upstream, and the authority to trust.
func secure(t *testing.T, serve http.HandlerFunc) (e *edge.Edge, c edge.Config, roots *x509.CertPool) {
	t.Helper()
	upstream := httptest.NewServer(serve)
	t.Cleanup(upstream.Close)
	dir := t.TempDir()
	file := filepath.Join(dir, "https.pem")
	issue(t, dir, file, time.Now())
	b, err := os.ReadFile(filepath.Join(dir, pki.CertFile))
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(b)
	c = edge.Config{
		Version: 1, Region: "us-east-1", TLS: &edge.TLS{Certificates: []edge.Certificate{{CertFile: file, KeyFile: file}}},
		HTTP: []edge.HTTPService{{
			Name: "api", Listen: "127.0.0.1:0", ListenTLS: "127.0.0.1:0",
			Targets: []edge.Target{{Name: "a", Address: upstream.Listener.Addr().String()}},
		}},
	}
	e = edge.New(edge.Options{Dir: dir})
	if err := e.Apply(c); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e, c, roots
}

func issue(t *testing.T, dir, file string, now time.Time) {
	t.Helper()
	a, err := pki.Open(dir, "greenlang.test", now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Ensure(file, []string{"api.greenlang.test", "*.api.greenlang.test"}); err != nil {
		t.Fatal(err)
	}
}

// speaker is a client of one version of HTTP at one address, whatever the URL's name.
func speaker(t *testing.T, address string, roots *x509.CertPool, two bool) *http.Client {
	t.Helper()
	p := new(http.Protocols)
	p.SetHTTP1(!two)
	p.SetHTTP2(two && roots != nil)
	p.SetUnencryptedHTTP2(two && roots == nil)
	var d net.Dialer
	transport := &http.Transport{Protocols: p, TLSClientConfig: &tls.Config{RootCAs: roots}}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return d.DialContext(ctx, network, address)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestHTTPS: four kinds of clients, one answer; what the upstream is told of the way.
func TestHTTPS(t *testing.T) {
	t.Parallel()
	e, _, roots := secure(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is short shows in the answer
		fmt.Fprintf(w, "%s %s %s %s", r.Host, r.Header.Get("X-Forwarded-Proto"), r.Header.Get("X-Forwarded-For"), body)
	})
	plain, _ := e.Address("api")
	https, _ := e.AddressTLS("api")
	for _, c := range []struct {
		address, scheme string
		roots           *x509.CertPool
		two             bool
	}{{plain, "http", nil, false}, {plain, "http", nil, true}, {https, "https", roots, false}, {https, "https", roots, true}} {
		client := speaker(t, c.address, c.roots, c.two)
		for _, host := range []string{"api.greenlang.test", "cell-3.api.greenlang.test"} {
			answer, err := client.Post(c.scheme+"://"+host+"/x", "text/plain", strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if want := host + " " + c.scheme + " 127.0.0.1 hello"; err != nil || string(body) != want || (answer.ProtoMajor == 2) != c.two {
				t.Errorf("%s, HTTP/2 %v: got %s %q, %v; want %q", c.scheme, c.two, answer.Proto, body, err, want)
			}
		}
	}
}

// TestCertificates: an edge with a broken certificate serves everything else, says why,
// and takes a good one when it comes; a broken one after it changes nothing.
func TestCertificates(t *testing.T) {
	t.Parallel()
	e, c, roots := secure(t, func(w http.ResponseWriter, r *http.Request) {})
	file := c.TLS.Certificates[0].CertFile
	https, _ := e.AddressTLS("api")
	ask := func() error {
		answer, err := speaker(t, https, roots, true).Get("https://api.greenlang.test/")
		if err == nil {
			answer.Body.Close()
		}
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Version++
	if err := e.Apply(c); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Fatalf("a broken file replaced a good certificate: %v", err)
	}
	r := e.Report()
	if len(r.Certificates) != 1 || !strings.Contains(r.Certificates[0].Error, "matching pair") {
		t.Fatalf("the report says %+v", r.Certificates)
	}
	refused := 0
	for _, v := range r.Events {
		if v.Kind == event.CertificateRefused {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d events tell of it", refused)
	}
	other := c
	other.TLS = &edge.TLS{Certificates: []edge.Certificate{{CertFile: file + ".missing", KeyFile: file}}}
	other.Version++
	if err := e.Apply(other); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err == nil {
		t.Error("a certificate was shown that is not configured")
	}
	plain, _ := e.Address("api")
	answer, err := http.Get("http://" + plain)
	if err != nil {
		t.Fatalf("without a certificate HTTP does not work either: %v", err)
	}
	answer.Body.Close()
	issue(t, filepath.Dir(file), file, time.Now())
	c.Version += 2
	if err := e.Apply(c); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Error(err)
	}
}

// TestWrongPort: who speaks HTTP to the HTTPS port is told so.
func TestWrongPort(t *testing.T) {
	t.Parallel()
	e, _, _ := secure(t, func(w http.ResponseWriter, r *http.Request) {})
	https, _ := e.AddressTLS("api")
	answer, err := http.Get("http://" + https)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body) // it ends with the connection
	answer.Body.Close()
	if answer.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), "HTTPS") {
		t.Fatalf("got %d %q", answer.StatusCode, body)
	}
}

// TestStopHTTP2: a request under way is answered when the edge stops, and its client is
// told to send no more.
func TestStopHTTP2(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan bool), make(chan bool)
	e, _, roots := secure(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- true
		<-release
		fmt.Fprint(w, "whole")
	})
	https, _ := e.AddressTLS("api")
	client := speaker(t, https, roots, true)
	stopped := make(chan bool)
	go func() {
		<-arrived
		go func() {
			e.Stop()
			close(stopped)
		}()
		release <- true
	}()
	answer, err := client.Get("https://api.greenlang.test/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || string(body) != "whole" {
		t.Fatalf("got %q, %v", body, err)
	}
	<-stopped
	if answer, err := client.Get("https://api.greenlang.test/"); err == nil {
		answer.Body.Close()
		t.Error("a stopped edge answers")
	}
}

// TestUpgradeTLS: another protocol flows through TLS, too, and ends at one side first.
func TestUpgradeTLS(t *testing.T) {
	t.Parallel()
	e, _, roots := secure(t, func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
		line, err := rw.ReadString('\n')
		if err == nil {
			fmt.Fprint(conn, "heard "+line)
		}
	})
	https, _ := e.AddressTLS("api")
	conn, err := tls.Dial("tcp", https, &tls.Config{RootCAs: roots, ServerName: "api.greenlang.test"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	answer, err := http.ReadResponse(r, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", answer, err)
	}
	fmt.Fprint(conn, "hello\n")
	if all, err := io.ReadAll(r); err != nil || string(all) != "heard hello\n" {
		t.Fatalf("got %q, %v", all, err)
	}
}
