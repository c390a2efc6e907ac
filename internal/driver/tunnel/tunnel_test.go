package tunnel

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

func signer(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// registry keeps machines in memory.
type registry struct {
	mu      sync.Mutex
	secrets map[string]string
	keys    map[string][]byte
}

func (r *registry) Key(m string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[m]
}

func (r *registry) Invited(m, secret string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return secret != "" && r.secrets[m] == secret
}

func (r *registry) Accept(m, secret string, key []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.secrets[m] != secret {
		return errors.New("that invitation stands no more")
	}
	delete(r.secrets, m)
	r.keys[m] = key
	return nil
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// told counts what a gate says.
type told struct {
	mu   sync.Mutex // guards what follows
	n    map[string]int
	more chan struct{} // closed when it says something
}

func (*told) Enabled(context.Context, slog.Level) bool { return true }
func (h *told) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h *told) WithGroup(string) slog.Handler          { return h }

func (h *told) Handle(_ context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n[r.Message]++
	close(h.more)
	h.more = make(chan struct{})
	return nil
}

// await waits until the gate has said it so many times.
func (h *told) await(n int, message string) {
	for {
		h.mu.Lock()
		seen, more := h.n[message], h.more
		h.mu.Unlock()
		if seen >= n {
			return
		}
		<-more
	}
}

const (
	hasJoined = "a machine has joined"
	hasEnded  = "a machine's connection has ended"
)

// dialler opens what stands for an address on a machine of its own: on one machine both ends
// of a connection cannot have the same one.
func dialler(stands map[string]string) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, address string) (net.Conn, error) {
		to, ok := stands[address]
		if !ok {
			return nil, fmt.Errorf("%s is not reached from there", address)
		}
		var d net.Dialer
		return d.DialContext(ctx, Network(to), to)
	}
}

type stage struct {
	gate    *Gate
	told    *told
	address string
	known   *registry
	machine Machine
}

// newStage runs a gate that serves ends to machine m.
func newStage(t testing.TB, ends Ends) *stage {
	t.Helper()
	s := &stage{known: &registry{secrets: map[string]string{"m": "secret"}, keys: map[string][]byte{}}, told: &told{n: map[string]int{}, more: make(chan struct{})}}
	s.gate = &Gate{
		Key: signer(t), Machines: s.known, Log: slog.New(s.told),
		Ends:  func(m string) (Ends, bool) { return ends, m == "m" },
		Files: func() ([]byte, error) { return []byte(`{"a":"b"}`), nil },
	}
	l := listen(t)
	s.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.gate.Run(ctx, l)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	s.machine = Machine{Name: "m", Gate: s.address, GateKey: ssh.FingerprintSHA256(s.gate.Key.PublicKey()), Key: signer(t)}
	return s
}

// join connects machine m, and returns when it carries; lost receives why it carries no more.
func (s *stage) join(t testing.TB, ends Ends) (leave func(), lost <-chan error) {
	t.Helper()
	ctx := context.Background()
	if s.known.Key("m") == nil {
		if err := s.machine.Introduce(ctx, "secret"); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.machine.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	ready, ended, told := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(ended)
		told <- c.Run(ctx, ends, func() { close(ready) })
	}()
	select {
	case <-ready:
	case <-ended:
		t.Fatal(<-told)
	}
	leave = func() {
		cancel()
		<-ended
	}
	t.Cleanup(leave)
	return leave, told
}

func dial(t testing.TB, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(Network(address), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// echo answers each connection with what it sent, after its end.
func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close() //nolint:errcheck // only a test
			b, err := io.ReadAll(c)
			if err == nil {
				_, _ = c.Write(b)
			}
		}()
	}
}

func TestCarriesBothWays(t *testing.T) {
	t.Parallel()
	there, here := listen(t), listen(t) // on the gate's machine, and on the one that joins
	socket := filepath.Join(t.TempDir(), "real.sock")
	unix, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close() })
	for _, l := range []net.Listener{there, here, unix} {
		go echo(l)
	}
	atGate, atMachine, sock := loopback.Free(t), loopback.Free(t), filepath.Join(t.TempDir(), "far.sock")
	s := newStage(t, Ends{Listen: []string{atGate}, Dial: dialler(map[string]string{atMachine: there.Addr().String(), sock: socket})})
	leave, _ := s.join(t, Ends{Listen: []string{atMachine, sock}, Dial: dialler(map[string]string{atGate: here.Addr().String()})})
	s.told.await(1, hasJoined)
	want := make([]byte, 5<<20) // more than any window
	_, _ = rand.Read(want)
	for _, address := range []string{atMachine, atGate, sock} {
		c := dial(t, address)
		go func() {
			_, _ = c.Write(want)
			_ = closeWrite(c)
		}()
		got, err := io.ReadAll(c)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes came back of %d: %v", address, len(got), len(want), err)
		}
	}
	leave()
	s.told.await(1, hasEnded)
	for _, address := range []string{atMachine, atGate} {
		if c, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s is not refused after the machine has left: %v, %v", address, c, err)
		}
	}
}

// A connection that was cut off must never look as if it had ended: its reader would take
// what came for the whole.
func TestCutIsNoEnd(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(far *net.TCPConn, leave func()){
		"far end resets": func(far *net.TCPConn, _ func()) { reset(far) },
		"machine leaves": func(_ *net.TCPConn, leave func()) { leave() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			there := listen(t)
			at := loopback.Free(t)
			s := newStage(t, Ends{Dial: dialler(map[string]string{at: there.Addr().String()})})
			leave, _ := s.join(t, Ends{Listen: []string{at}})
			c := dial(t, at)
			far, err := there.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := far.Write([]byte("half")); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
			cut(far.(*net.TCPConn), leave)
			if n, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("the reader saw %d bytes and %v, so it took a half for the whole", n, err)
			}
		})
	}
}

func TestRefusesOtherAddresses(t *testing.T) {
	t.Parallel()
	at := loopback.Free(t)
	s := newStage(t, Ends{Dial: dialler(nil)})
	_, _ = s.join(t, Ends{Listen: []string{at}})
	c, err := net.Dial("tcp", at)
	if err == nil { // else the reset was faster
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection to what is not reached ended by %v, not by a reset", err)
	}
}

func TestWhoMayJoin(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newStage(t, Ends{})
	if _, err := s.machine.Connect(ctx); !errors.Is(err, ErrUnknown) {
		t.Errorf("a machine that nobody invited: %v", err)
	}
	if err := s.machine.Introduce(ctx, "guess"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a wrong secret: %v", err)
	}
	other := s.machine
	other.GateKey = ssh.FingerprintSHA256(signer(t).PublicKey())
	if err := other.Introduce(ctx, "secret"); !errors.Is(err, ErrImpostor) {
		t.Errorf("another gate: %v", err)
	}
	if err := s.machine.Introduce(ctx, "secret"); err != nil {
		t.Fatal(err)
	}
	thief := s.machine
	thief.Key = signer(t)
	if err := thief.Introduce(ctx, "secret"); !errors.Is(err, ErrUnknown) {
		t.Errorf("an invitation that was used: %v", err)
	}
	if _, err := thief.Connect(ctx); !errors.Is(err, ErrUnknown) {
		t.Errorf("another machine of that name: %v", err)
	}
	c, err := s.machine.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]string
	if err := c.Files(ctx, &files); err != nil || files["a"] != "b" {
		t.Errorf("files: %v, %v", files, err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	away := s.machine
	away.Gate = loopback.Free(t)
	if _, err := away.Connect(ctx); err == nil || errors.Is(err, ErrUnknown) || errors.Is(err, ErrImpostor) {
		t.Errorf("no gate: %v", err)
	}
}

// An invitation opens nothing but the acceptance of a key.
func TestInvitationOpensNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, Ends{})
	conn, channels, requests, err := s.machine.dial(context.Background(), ssh.Password("secret"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // only a test
	go ssh.DiscardRequests(requests)
	go func() {
		for range channels { //nolint:revive // there are none
		}
	}()
	for _, kind := range []string{filesChannel, carryChannel} {
		if _, _, err := conn.OpenChannel(kind, nil); err == nil {
			t.Errorf("%s was opened by an invitation", kind)
		}
	}
}

func TestDismissedIsCutOff(t *testing.T) {
	t.Parallel()
	s := newStage(t, Ends{})
	_, lost := s.join(t, Ends{})
	s.known.mu.Lock()
	delete(s.known.keys, "m")
	s.known.mu.Unlock()
	if err := <-lost; err == nil {
		t.Error("it ended without a reason")
	}
	if _, err := s.machine.Connect(context.Background()); !errors.Is(err, ErrUnknown) {
		t.Errorf("it joined again: %v", err)
	}
}

// A machine that connects again, since it noticed a loss before the gate did, takes the
// place of its earlier self.
func TestLaterConnectionReplaces(t *testing.T) {
	t.Parallel()
	here, atGate := listen(t), loopback.Free(t)
	go echo(here)
	s := newStage(t, Ends{Listen: []string{atGate}})
	ends := Ends{Dial: dialler(map[string]string{atGate: here.Addr().String()})}
	_, lost := s.join(t, ends)
	s.told.await(1, hasJoined) // the gate takes connections up side by side: the earlier one is the earlier there, too
	_, _ = s.join(t, ends)
	if err := <-lost; err == nil {
		t.Error("the earlier connection ended without a reason")
	}
	s.told.await(2, hasJoined)
	c := dial(t, atGate)
	_, _ = c.Write([]byte("x"))
	_ = closeWrite(c)
	if b, err := io.ReadAll(c); err != nil || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
}

// A gate that is frozen, or a way that swallows everything, is left.
func TestSilenceEnds(t *testing.T) {
	t.Parallel()
	s := newStage(t, Ends{})
	if err := s.machine.Introduce(context.Background(), "secret"); err != nil {
		t.Fatal(err)
	}
	var swallow atomic.Bool
	between := listen(t)
	go func() {
		c, err := between.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", s.address)
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(far, c) }()
		b := make([]byte, 32<<10)
		for {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			if !swallow.Load() {
				_, _ = c.Write(b[:n])
			}
		}
	}()
	s.machine.Gate = between.Addr().String()
	_, lost := s.join(t, Ends{})
	swallow.Store(true)
	if err := <-lost; err == nil {
		t.Error("it ended without a reason")
	}
}

// FuzzGate sends a gate what no machine sends; it goes on serving those that are.
func FuzzGate(f *testing.F) {
	f.Add([]byte("SSH-2.0-x\r\n\x00\x00\x00\x0c\x0a\x14aaaaaaaaaa"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte{})
	s := newStage(f, Ends{})
	if err := s.machine.Introduce(context.Background(), "secret"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(b)
		_ = closeWrite(c)
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
		m, err := s.machine.Connect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		_ = m.Close()
	})
}
