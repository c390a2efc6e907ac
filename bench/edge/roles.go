package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/pki"
)

// serveUpstream answers every request with the same 1 KiB of JSON, as cheaply
// as it can: what is measured is the proxy.
func serveUpstream() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	body := `{"data":"` + strings.Repeat("x", 1024-11) + `"}`
	answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: %d\r\nX-Version: v1\r\n\r\n%s", len(body), body)
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go answerAll(conn, []byte(answer))
	}
}

func answerAll(conn net.Conn, answer []byte) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) == 2 {
				break
			}
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// serveProxy runs one of the Go proxies until it is told to stop.
func serveProxy(role, upstream, pem, profile string) error {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	debug.SetGCPercent(edge.GCPercent) // as the edge runs; the peer gets it as well
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if role == "edge" {
		return serveEdge(ctx, upstream, pem)
	}
	if role != "httputil" {
		return serveBare(ctx, role, upstream)
	}
	return serveHTTPUtil(ctx, upstream, pem)
}

func serveEdge(ctx context.Context, upstream, pem string) error {
	dir, err := os.MkdirTemp("", "bench-edge")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	e := edge.New(edge.Options{Dir: dir})
	if err := e.Apply(edge.Config{
		Version: 1, Region: "bench", Cells: 12,
		TLS: &edge.TLS{Certificates: []edge.Certificate{{CertFile: pem, KeyFile: pem}}},
		HTTP: []edge.HTTPService{{
			Name: "api", Listen: "127.0.0.1:0", ListenTLS: "127.0.0.1:0",
			Targets: []edge.Target{{Name: "a", Address: upstream, HealthPath: "/healthz"}},
		}},
	}); err != nil {
		return err
	}
	if err := e.Start(); err != nil {
		return err
	}
	address, _ := e.Address("api")
	secure, _ := e.AddressTLS("api")
	fmt.Println(address, secure)
	return e.Run(ctx)
}

func serveHTTPUtil(ctx context.Context, upstream, pem string) error {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: upstream})
	proxy.Transport = &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, DisableCompression: true}
	proxy.BufferPool = &buffers{pool: sync.Pool{New: func() any { return make([]byte, 32<<10) }}}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(plain.Addr(), secure.Addr())
	server := &http.Server{Handler: proxy, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	ended := make(chan error, 2)
	go func() { ended <- server.Serve(plain) }()
	go func() { ended <- server.ServeTLS(secure, pem, pem) }()
	if err := <-ended; err != http.ErrServerClosed {
		return err
	}
	return nil
}

// certificate makes one for this run.
func certificate(dir string) (file string, err error) {
	a, err := pki.Open(dir, "greenlang.test", time.Now())
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, "https.pem")
	_, err = a.Ensure(file, []string{"api.greenlang.test", "127.0.0.1"})
	return file, err
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte  { return b.pool.Get().([]byte) }
func (b *buffers) Put(p []byte) { b.pool.Put(p) } //nolint:staticcheck // as tuned proxies do
