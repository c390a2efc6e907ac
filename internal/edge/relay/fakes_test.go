package relay_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/pgwire"
	"github.com/greenlang/fournines/internal/edge/relay"
)

// member is a PostgreSQL with its Patroni, as far as the edge can see them.
type member struct {
	config.Member
	listener net.Listener

	mu         sync.Mutex
	state      string
	role       string
	timeline   int
	frozen     chan struct{} // Patroni hangs while it is not nil
	statements []string
	mute       bool // clients are never let in
}

func newMember(t *testing.T, name, role string, timeline int) *member {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &member{listener: l, state: "running", role: role, timeline: timeline}
	patroni := httptest.NewServer(http.HandlerFunc(m.patroni))
	t.Cleanup(func() {
		l.Close()
		m.thaw()
		patroni.Close()
	})
	m.Member = config.Member{Name: name, Address: l.Addr().String(), Witness: patroni.Listener.Addr().String()}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go m.postgres(conn)
		}
	}()
	return m
}

func (m *member) set(state, role string, timeline int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state, m.role, m.timeline = state, role, timeline
}

func (m *member) freeze() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frozen = make(chan struct{})
}

func (m *member) thaw() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.frozen != nil {
		close(m.frozen)
		m.frozen = nil
	}
}

func (m *member) patroni(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	frozen, body := m.frozen, fmt.Sprintf(`{"state":%q,"role":%q,"timeline":%d,"server_version":150015,"patroni":{"name":%q,"version":"4.1.4"}}`, m.state, m.role, m.timeline, m.Name)
	m.mu.Unlock()
	if frozen != nil {
		select {
		case <-frozen:
		case <-r.Context().Done():
		}
		return
	}
	if r.URL.Path != "/patroni" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	fmt.Fprint(w, body)
}

// ran returns the statements the member has carried out.
func (m *member) ran() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.statements, ";")
}

// postgres speaks enough of the protocol: each query is answered with the
// member's name; BEGIN and COMMIT change the status; HANG is never answered.
func (m *member) postgres(conn net.Conn) {
	defer conn.Close()
	for {
		_, what, err := pgwire.ReadOpening(conn)
		if err != nil || what == pgwire.Cancel {
			return
		}
		if what == pgwire.Startup {
			break
		}
		if _, err := conn.Write([]byte{'N'}); err != nil {
			return
		}
	}
	m.mu.Lock()
	mute := m.mute
	m.mu.Unlock()
	if mute {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	status := byte('I')
	out := append([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 0}, ready(status)...)
	for {
		if _, err := conn.Write(out); err != nil {
			return
		}
		kind, body, err := readMessage(conn)
		if err != nil || kind != 'Q' {
			return
		}
		query := strings.TrimRight(string(body), "\x00")
		m.mu.Lock()
		m.statements = append(m.statements, query)
		m.mu.Unlock()
		switch query {
		case "BEGIN":
			status = 'T'
		case "COMMIT":
			status = 'I'
		case "HANG":
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		out = append(message('C', m.Name+"\x00"), ready(status)...)
	}
}

func ready(status byte) []byte { return []byte{'Z', 0, 0, 0, 5, status} }

func message(kind byte, body string) []byte {
	b := append([]byte{kind}, binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))...)
	return append(b, body...)
}

func readMessage(r io.Reader) (kind byte, body []byte, err error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, nil, err
	}
	body = make([]byte, binary.BigEndian.Uint32(head[1:])-4)
	_, err = io.ReadFull(r, body)
	return head[0], body, err
}

// stand is a service behind a real listener.
type stand struct {
	*relay.Service
	address string
	mu      sync.Mutex
	events  []event.Event
}

func newStand(t *testing.T, spec config.TCPService) *stand {
	t.Helper()
	return newStandAfter(t, spec, nil)
}

// newStandAfter is a service that takes over from another one.
func newStandAfter(t *testing.T, spec config.TCPService, old *stand) *stand {
	t.Helper()
	st := &stand{}
	var before *relay.Service
	if old != nil {
		before = old.Service
	}
	spec.Name = "db"
	st.Service = relay.New(spec, relay.Deps{Now: time.Now, Rand: rand.Uint64, Logger: slog.New(slog.DiscardHandler), Events: func(e event.Event) {
		st.mu.Lock()
		defer st.mu.Unlock()
		st.events = append(st.events, e)
	}}, before)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	st.address = l.Addr().String()
	t.Cleanup(func() {
		l.Close()
		st.Close()
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go st.Handle(conn)
		}
	}()
	return st
}

func postgres(members ...*member) config.TCPService {
	spec := config.TCPService{Protocol: config.Postgres, Policy: config.TCPPolicy{Wait: config.Duration(20 * time.Second)}}
	for _, m := range members {
		spec.Members = append(spec.Members, m.Member)
	}
	return spec
}

func (st *stand) saw(kind event.Kind) (n int) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, e := range st.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func (st *stand) led(t *testing.T, by string) {
	t.Helper()
	eventually(t, "led by "+by, func() bool { return st.State().Leader == by })
}

// eventually waits for a fact, generously.
func eventually(t *testing.T, what string, fact func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !fact() {
		select {
		case <-deadline.C:
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

// client is a PostgreSQL client.
type client struct {
	conn net.Conn
	r    *bufio.Reader
}

func dial(t *testing.T, st *stand) *client {
	t.Helper()
	return dialWith(t, st, &net.Dialer{})
}

func dialWith(t *testing.T, st *stand, d *net.Dialer) *client {
	t.Helper()
	conn, err := d.Dial("tcp", st.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{conn, bufio.NewReader(conn)}
}

func opening(code uint32) []byte { return openingAs("green", code) }

func openingAs(role string, code uint32) []byte {
	body := ""
	if code == 3<<16 {
		body = "user\x00" + role + "\x00\x00"
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))
	return append(binary.BigEndian.AppendUint32(b, code), body...)
}

// connect opens a session; the answer is "" or a SQLSTATE.
func (c *client) connect() string {
	if _, err := c.conn.Write(opening(3 << 16)); err != nil {
		return err.Error()
	}
	return c.settle(new(string))
}

// query returns who answered, or the SQLSTATE, or how the connection ended.
func (c *client) query(text string) string {
	if _, err := c.conn.Write(message('Q', text+"\x00")); err != nil {
		return err.Error()
	}
	by := ""
	if failure := c.settle(&by); failure != "" {
		return failure
	}
	return by
}

// settle reads up to ReadyForQuery or an error.
func (c *client) settle(by *string) string {
	for {
		kind, body, err := readMessage(c.r)
		if err != nil {
			return err.Error()
		}
		switch kind {
		case 'C':
			*by = strings.TrimRight(string(body), "\x00")
		case 'E':
			for f := range strings.SplitSeq(string(body), "\x00") {
				if code, ok := strings.CutPrefix(f, "C"); ok {
					return code
				}
			}
			return "error without a code"
		case 'Z':
			return ""
		}
	}
}
