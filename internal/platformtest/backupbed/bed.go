// Package backupbed has a PostgreSQL server that archives into a repository of pgBackRest, for tests
// of what works with both.
package backupbed

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// Bed is a real server that archives into a real repository, which is reached through a gate.
type Bed struct {
	t       *testing.T
	Network loopback.Network
	Store   *s3test.Gateway
	Gate    *Gate
	Server  *enginetest.Postgres
	Stanza  pgbackrest.Stanza
	Engine  pgbackrest.Engine
	sockets string
}

// Bucket is where the repository is.
const Bucket = "backups"

// New starts a bed, whose test says in unproved what is not proved without the engines. The test's
// main function is [s3test.Main], or calls it.
func New(t *testing.T, unproved string) *Bed {
	t.Helper()
	program, env := enginetest.Program(t, "pgbackrest", unproved, "usr/bin")
	if _, err := pgbackrest.CheckVersion(t.Context(), program, env); err != nil {
		t.Fatal(err)
	}
	b := &Bed{t: t, Network: loopback.New(t), sockets: enginetest.Folder(t)}
	b.Store = s3test.Start(t, t.TempDir(), func(o *gateway.Options) { o.TLS, o.Listen = true, b.Network.Host(1, 4, 9000) })
	if err := b.Store.Open(t, Bucket, nil).EnsureVersioned(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Gate = newGate(t, b.Store, b.Network.Host(1, 4, 9443))
	home := enginetest.Folder(t)
	b.Stanza = pgbackrest.Stanza{
		Name: "main", Program: program, Home: home, SocketDir: b.sockets, User: "greenlang",
		Repository: pgbackrest.Repository{
			Endpoint: b.Gate.address, Bucket: Bucket, Path: "/us-east-1", AccessKey: b.Store.Options.AccessKey, SecretKey: b.Store.Options.SecretKey,
			CAFile: filepath.Join(home, "ca.pem"), Passphrase: "correct horse battery staple",
		},
		Data: "/unknown yet", Port: 1,
	}
	settings := b.Stanza.Parameters()
	settings["fsync"] = "off" // the machine is not lost here, and what is restored starts sooner
	b.Server = enginetest.StartPostgresWith(t, unproved, b.sockets, settings)
	b.Server.Exec(t, "postgres", "DROP DATABASE greenlang") // a quarter of the files
	b.at(b.Server)
	b.Engine = b.Open(b.Stanza)
	b.Engine.Env = env
	return b
}

// at lets the stanza be that of a server.
func (b *Bed) at(p *enginetest.Postgres) {
	b.t.Helper()
	b.Stanza.Data, b.Stanza.Port = p.Dir(), Port(b.t, p)
}

// Port is that of a server.
func Port(t *testing.T, p *enginetest.Postgres) int {
	t.Helper()
	_, text, err := net.SplitHostPort(p.Address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Open lays the stanza's files as a node does, and returns its engine.
func (b *Bed) Open(s pgbackrest.Stanza) pgbackrest.Engine {
	b.t.Helper()
	config, passwords, err := s.Config()
	if err != nil {
		b.t.Fatal(err)
	}
	authority, err := os.ReadFile(filepath.Join(b.Store.Options.Dir, gateway.AuthorityFile))
	if err != nil {
		b.t.Fatal(err)
	}
	uid, gid := enginetest.User()
	for name, text := range map[string]string{pgbackrest.ConfigFile: config, pgbackrest.PasswordFile: passwords, "ca.pem": string(authority)} {
		path := filepath.Join(s.Home, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.t.Fatal(err)
		}
		if uid >= 0 {
			if err := os.Chown(path, uid, gid); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	return pgbackrest.Engine{Program: s.Program, Home: s.Home, Stanza: s.Name, Data: s.Data, Env: b.Engine.Env, UID: uid, GID: gid}
}

// Another is the engine of the stanza with something changed, in a home of its own.
func (b *Bed) Another(change func(*pgbackrest.Stanza)) pgbackrest.Engine {
	b.t.Helper()
	s := b.Stanza
	s.Home = enginetest.Folder(b.t)
	s.Repository.CAFile = filepath.Join(s.Home, "ca.pem")
	change(&s)
	return b.Open(s)
}

// Objects are the files of the store that hold what the repository has below path; a pattern.
func (b *Bed) Objects(pattern string) []string {
	b.t.Helper()
	found, err := filepath.Glob(filepath.Join(b.Store.Options.Dir, "objects", Bucket, b.Stanza.Repository.Path, pattern))
	if err != nil || len(found) == 0 {
		b.t.Fatalf("the store has no %s: %v", pattern, err)
	}
	return found
}

// Flip changes a byte in the middle of a file, and returns what changes it back.
func Flip(t *testing.T, path string) (back func()) {
	t.Helper()
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at := int64(len(was) / 2)
	if _, err := f.WriteAt([]byte{was[at] ^ 0xff}, at); err != nil {
		t.Fatal(err)
	}
	return func() {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt(was[at:at+1], at); err != nil {
			t.Fatal(err)
		}
	}
}

// Hide moves a file or a folder out of the store, and returns what moves it back.
func Hide(t *testing.T, path string) (back func()) {
	t.Helper()
	away := filepath.Join(t.TempDir(), "away")
	if err := os.Rename(path, away); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Rename(away, path); err != nil {
			t.Fatal(err)
		}
	}
}

// Gate stands before the store, and lets pass what its rule says.
type Gate struct {
	address string
	mu      sync.Mutex
	rule    func(*http.Request) Verdict
}

// Verdict is what becomes of a request.
type Verdict int

// The verdicts.
const (
	Pass  Verdict = iota
	Deny          // with 403
	Cut           // the connection
	Stall         // until the client goes
)

func newGate(t *testing.T, store *s3test.Gateway, address string) *Gate {
	t.Helper()
	g := &Gate{address: address, rule: func(*http.Request) Verdict { return Pass }}
	dir := store.Options.Dir
	pem, err := os.ReadFile(filepath.Join(dir, gateway.AuthorityFile))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 16}
	proxy := &httputil.ReverseProxy{
		Transport: transport, ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "https", Host: store.Options.Listen})
			r.Out.Host = r.In.Host // it is signed
		},
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g.mu.Lock()
			rule := g.rule
			g.mu.Unlock()
			switch rule(r) {
			case Deny:
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code></Error>")
			case Cut:
				panic(http.ErrAbortHandler)
			case Stall:
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			default:
				proxy.ServeHTTP(w, r)
			}
		}),
	}
	l, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		transport.CloseIdleConnections()
	})
	return g
}

// Set changes the rule, and returns what lets everything pass again.
func (g *Gate) Set(rule func(*http.Request) Verdict) (open func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rule = rule
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.rule = func(*http.Request) Verdict { return Pass }
	}
}

// Writes tells whether a request changes the store.
func Writes(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

// Within tells whether a request is about what is below a folder of the repository.
func Within(r *http.Request, folder string) bool { return strings.Contains(r.URL.Path, "/"+folder+"/") }
