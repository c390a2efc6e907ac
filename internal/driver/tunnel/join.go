package tunnel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// Machine is one that joins a gate.
type Machine struct {
	Name    string
	Gate    string // HOST:PORT
	GateKey string // fingerprint, as [ssh.FingerprintSHA256] writes it
	Key     ssh.Signer
	Log     *slog.Logger // nil: nothing is logged
}

// ErrUnknown means that the gate does not know this machine's key, or the invitation's secret.
var ErrUnknown = errors.New("the gate does not know this machine")

// ErrImpostor means that what answers at the gate's address has another key than the gate.
var ErrImpostor = errors.New("something else answers in the gate's place")

func (m Machine) dial(ctx context.Context, auth ssh.AuthMethod) (ssh.Conn, <-chan ssh.NewChannel, <-chan *ssh.Request, error) {
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, "tcp", m.Gate)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("reach the gate: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	_ = c.SetDeadline(time.Now().Add(shakeFor))
	shown := ""
	conn, channels, requests, err := ssh.NewClientConn(c, m.Gate, &ssh.ClientConfig{
		User: m.Name, Auth: []ssh.AuthMethod{auth}, ClientVersion: version,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if shown = ssh.FingerprintSHA256(key); shown != m.GateKey {
				return ErrImpostor
			}
			return nil
		},
	})
	if err != nil {
		_ = c.Close()
		switch {
		case shown != "" && shown != m.GateKey:
			return nil, nil, nil, fmt.Errorf("%w: %s has the key %s, the invitation names %s; ask for a new invitation if the gate was set up anew", ErrImpostor, m.Gate, shown, m.GateKey)
		case shown != "" && ctx.Err() == nil && !isNet(err):
			return nil, nil, nil, fmt.Errorf("%w: %s refuses %s: %w", ErrUnknown, m.Gate, m.Name, err)
		}
		return nil, nil, nil, fmt.Errorf("reach the gate at %s: %w", m.Gate, err)
	}
	_ = c.SetDeadline(time.Time{})
	return conn, channels, requests, nil
}

func isNet(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.EOF)
}

// Introduce has the gate accept this machine's key, by the secret of its invitation. It may
// be done again while the invitation stands.
func (m Machine) Introduce(ctx context.Context, secret string) error {
	conn, channels, requests, err := m.dial(ctx, ssh.Password(secret))
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // all is said
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	go ssh.DiscardRequests(requests)
	go func() {
		for c := range channels {
			_ = c.Reject(ssh.Prohibited, "not yet")
		}
	}()
	ok, why, err := conn.SendRequest(joinRequest, true, m.Key.PublicKey().Marshal())
	if err != nil {
		return fmt.Errorf("bring this machine's key to the gate: %w", err)
	}
	if !ok {
		return fmt.Errorf("the gate does not accept this machine's key: %s", why)
	}
	return nil
}

// Session is a connection to the gate.
type Session struct {
	conn     ssh.Conn
	channels <-chan ssh.NewChannel
	log      *slog.Logger
}

// Connect opens a connection to the gate. Whoever has it runs or closes it.
func (m Machine) Connect(ctx context.Context) (*Session, error) {
	conn, channels, requests, err := m.dial(ctx, ssh.PublicKeys(m.Key))
	if err != nil {
		return nil, err
	}
	go answer(requests)
	return &Session{conn, channels, m.Log}, nil
}

// mostFiles bounds what a machine is told. bytes.
const mostFiles = 8 << 20

// Files asks the gate for what this machine must know, and reads it into out.
func (s *Session) Files(ctx context.Context, out any) error {
	defer context.AfterFunc(ctx, func() { _ = s.conn.Close() })()
	ch, requests, err := s.conn.OpenChannel(filesChannel, nil)
	if err != nil {
		return fmt.Errorf("ask the gate for its files: %w", err)
	}
	defer ch.Close() //nolint:errcheck // only read
	go ssh.DiscardRequests(requests)
	if err := json.NewDecoder(io.LimitReader(ch, mostFiles)).Decode(out); err != nil {
		return fmt.Errorf("read the gate's files: %w", err)
	}
	return nil
}

// Run carries connections until ctx ends or the gate is lost, and says why.
func (s *Session) Run(ctx context.Context, ends Ends, ready func()) error {
	x := &session{conn: s.conn, Ends: ends, log: s.log}
	return x.run(ctx, s.channels, nil, ready)
}

// Close ends the connection.
func (s *Session) Close() error { return s.conn.Close() }
