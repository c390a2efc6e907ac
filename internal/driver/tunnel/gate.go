package tunnel

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/greenlang/fournines/internal/accept"
)

// Registry knows the machines that may join. Its methods are called at once by many.
type Registry interface {
	// Key returns the key that was accepted of a machine, or nil.
	Key(machine string) []byte
	// Invited tells whether the secret is that of an invitation of the machine that stands.
	Invited(machine, secret string) bool
	// Accept keeps the key of a machine that was invited, durably, and the invitation stands
	// no more. The same key again is well.
	Accept(machine, secret string, key []byte) error
}

// Gate is where other machines join.
type Gate struct {
	Key      ssh.Signer
	Machines Registry
	Ends     func(machine string) (Ends, bool) // what a machine reaches; false: it is none
	Files    func() ([]byte, error)            // what a machine must know, one JSON document
	Log      *slog.Logger

	mu   sync.Mutex // guards what follows
	here map[string]*visit
}

// visit is a machine's connection.
type visit struct {
	leave context.CancelFunc
	gone  chan struct{}
}

// mostShaking bounds how many connections may be unproved at once.
const mostShaking = 16

// Run serves machines that connect at l until ctx ends.
func (g *Gate) Run(ctx context.Context, l net.Listener) {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	var all sync.WaitGroup
	defer all.Wait()
	shaking := make(chan struct{}, mostShaking)
	accept.Loop{Log: g.Log}.Run(ctx, l, func(c net.Conn) {
		select {
		case shaking <- struct{}{}:
		default:
			_ = c.Close() // it tries again
			return
		}
		all.Go(func() {
			var once sync.Once
			shaken := func() { once.Do(func() { <-shaking }) }
			defer shaken()
			if err := g.serve(ctx, c, shaken); err != nil && ctx.Err() == nil {
				g.Log.Warn("a machine's connection has ended", "from", c.RemoteAddr().String(), "err", err)
			}
		})
	})
}

const (
	version    = "SSH-2.0-fournines"
	permSecret = "secret" // of the invitation that a connection was opened with
	permKey    = "key"    // that it was opened with
)

func (g *Gate) config() *ssh.ServerConfig {
	c := &ssh.ServerConfig{
		MaxAuthTries: 3, ServerVersion: version,
		PublicKeyCallback: func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if known := g.Machines.Key(m.User()); known == nil || subtle.ConstantTimeCompare(known, key.Marshal()) != 1 {
				return nil, fmt.Errorf("the key of machine %q is not known", m.User())
			}
			return &ssh.Permissions{Extensions: map[string]string{permKey: string(key.Marshal())}}, nil
		},
		PasswordCallback: func(m ssh.ConnMetadata, secret []byte) (*ssh.Permissions, error) {
			if !g.Machines.Invited(m.User(), string(secret)) {
				return nil, fmt.Errorf("no invitation of %q with that secret stands", m.User())
			}
			return &ssh.Permissions{Extensions: map[string]string{permSecret: string(secret)}}, nil
		},
	}
	c.AddHostKey(g.Key)
	return c
}

func (g *Gate) serve(ctx context.Context, c net.Conn, shaken func()) error {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	_ = c.SetDeadline(time.Now().Add(shakeFor))
	conn, channels, requests, err := ssh.NewServerConn(c, g.config())
	if err != nil {
		return errors.Join(fmt.Errorf("prove a machine: %w", err), c.Close())
	}
	if conn.Permissions.Extensions[permSecret] != "" {
		defer conn.Close() //nolint:errcheck // the machine has left, or its time is over
		return g.accept(conn, channels, requests)
	}
	_ = c.SetDeadline(time.Time{})
	shaken()
	ends, ok := g.Ends(conn.User())
	if !ok {
		return errors.Join(fmt.Errorf("%s is no machine that joins", conn.User()), conn.Close())
	}
	go answer(requests)
	ctx, v := g.enter(ctx, conn.User())
	defer close(v.gone)
	defer v.leave()
	key := []byte(conn.Permissions.Extensions[permKey])
	s := &session{conn: conn, Ends: ends, log: g.Log, stands: func() bool { return bytes.Equal(g.Machines.Key(conn.User()), key) }}
	err = s.run(ctx, channels, g.Files, func() {
		g.Log.Info("a machine has joined", "machine", conn.User(), "from", c.RemoteAddr().String())
	})
	return fmt.Errorf("%s: %w", conn.User(), err)
}

// enter makes this a machine's one connection, when the one before has let its addresses go.
func (g *Gate) enter(ctx context.Context, machine string) (context.Context, *visit) {
	ctx, cancel := context.WithCancel(ctx)
	v := &visit{leave: cancel, gone: make(chan struct{})}
	g.mu.Lock()
	if g.here == nil {
		g.here = map[string]*visit{}
	}
	before := g.here[machine]
	g.here[machine] = v
	g.mu.Unlock()
	if before != nil {
		before.leave()
		<-before.gone
	}
	return ctx, v
}

// accept serves a connection that was opened with an invitation: it brings the machine's
// key, and nothing else.
func (g *Gate) accept(conn *ssh.ServerConn, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request) error {
	go func() {
		for c := range channels {
			_ = c.Reject(ssh.Prohibited, "an invitation opens nothing")
		}
	}()
	for r := range requests {
		if r.Type != joinRequest {
			_ = r.Reply(false, nil)
			continue
		}
		_, err := ssh.ParsePublicKey(r.Payload)
		if err == nil {
			err = g.Machines.Accept(conn.User(), conn.Permissions.Extensions[permSecret], r.Payload)
		}
		if err != nil {
			return errors.Join(err, r.Reply(false, []byte(err.Error())))
		}
		g.Log.Warn("a machine's key was accepted", "machine", conn.User(), "from", conn.RemoteAddr().String())
		if err := r.Reply(true, nil); err != nil {
			return err
		}
		_ = conn.Wait() // it leaves by itself, or its time is over
		return nil
	}
	return io.ErrUnexpectedEOF
}

// answer says that this end lives.
func answer(requests <-chan *ssh.Request) {
	for r := range requests {
		if r.WantReply {
			_ = r.Reply(r.Type == aliveRequest, nil)
		}
	}
}
