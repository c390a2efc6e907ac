package pgwire_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/greenlang/fournines/internal/edge/pgwire"
)

func message(kind byte, body string) string {
	return string(kind) + string(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))) + body
}

func TestTracker(t *testing.T) {
	t.Parallel()
	idle, inside, broken := message('Z', "I"), message('Z', "T"), message('Z', "E")
	type step struct{ from, bytes string } // from: c(lient) or s(erver)
	authenticated := step{"s", message('R', "\x00\x00\x00\x00") + idle}
	query := step{"c", message('Q', "SELECT 1\x00")}
	cases := []struct {
		name                   string
		steps                  []step
		idle, quiet, speakable bool
	}{
		{"authenticating", nil, false, false, true},
		{"authenticated", []step{authenticated}, true, true, true},
		{"a query under way", []step{authenticated, query}, false, false, true},
		{"a query answered", []step{authenticated, query, {"s", message('C', "SELECT 1\x00") + idle}}, true, true, true},
		{"within a transaction", []step{authenticated, query, {"s", inside}}, false, true, true},
		{"within a failed transaction", []step{authenticated, query, {"s", broken}}, false, true, true},
		{"two queries, one answer", []step{authenticated, query, query, {"s", idle}}, false, false, true},
		{"half a query", []step{authenticated, {"c", query.bytes[:7]}}, false, false, true},
		{"half an answer", []step{authenticated, query, {"s", message('D', "value")[:6]}}, false, false, false},
		{"parsed without a sync", []step{authenticated, {"c", message('P', "\x00SELECT 1\x00\x00\x00")}}, false, false, true},
		{"parsed and synced", []step{authenticated, {"c", message('P', "x") + message('S', "")}}, false, false, true},
		{"parsed, synced, answered", []step{authenticated, {"c", message('P', "x") + message('S', "")}, {"s", message('1', "") + idle}}, true, true, true},
		{"not the protocol", []step{authenticated, {"s", "HTTP/1.1 400"}}, false, false, false},
	}
	for _, c := range cases {
		for _, piece := range []int{1, 3, 1 << 20} { // streams arrive in any pieces
			tr := pgwire.NewTracker()
			for _, s := range c.steps {
				for rest := []byte(s.bytes); len(rest) > 0; {
					n := min(piece, len(rest))
					if s.from == "c" {
						tr.Client(rest[:n])
					} else {
						tr.Server(rest[:n])
					}
					rest = rest[n:]
				}
			}
			if tr.Idle() != c.idle || tr.Quiet() != c.quiet || tr.Speakable() != c.speakable {
				t.Errorf("%s in pieces of %d: idle %v quiet %v speakable %v", c.name, piece, tr.Idle(), tr.Quiet(), tr.Speakable())
			}
		}
	}
}

func TestFatal(t *testing.T) {
	t.Parallel()
	got := string(pgwire.Fatal(pgwire.AdminShutdown, "why", "", "what to do"))
	want := message('E', "SFATAL\x00VFATAL\x00C57P01\x00Mwhy\x00Hwhat to do\x00\x00")
	if got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("r", 70)
	for parameters, want := range map[string]string{
		"user\x00green\x00\x00":                    "green",
		"database\x00app\x00user\x00green\x00\x00": "green",
		"user\x00green\x00database\x00app\x00\x00": "green",
		"user\x00\x00\x00":                         "",
		"database\x00user\x00\x00":                 "", // a value, not a name
		"\x00user\x00late\x00\x00":                 "", // after the end
		"user\x00without an end":                   "",
		"user":                                     "",
		"":                                         "",
		"user\x00" + long + "\x00\x00":             long[:63],
		"user\x00gr\xff\xfeen\x00\x00":             "gr?en",
		"user\x00" + strings.Repeat("ü", 40) + "\x00\x00": strings.Repeat("ü", 31) + "?",
	} {
		if got := pgwire.User([]byte("\x00\x00\x00\x00\x00\x03\x00\x00" + parameters)); got != want {
			t.Errorf("%q: %q, want %q", parameters, got, want)
		}
	}
	if got := pgwire.User([]byte("user")); got != "" {
		t.Errorf("half a head: %q", got)
	}
}

// FuzzTracker: how a stream is cut into pieces changes nothing.
func FuzzTracker(f *testing.F) {
	f.Add([]byte(message('R', "\x00\x00\x00\x00")+message('Z', "I")), []byte(message('Q', "x\x00")), uint8(3))
	f.Add([]byte("HTTP/1.1 400 Bad Request"), []byte{'Q', 0, 0, 0, 3}, uint8(1))
	f.Fuzz(func(t *testing.T, server, client []byte, piece uint8) {
		whole, pieces := pgwire.NewTracker(), pgwire.NewTracker()
		whole.Client(client)
		whole.Server(server)
		size := int(piece%32) + 1
		for rest := client; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			pieces.Client(rest[:min(size, len(rest))])
		}
		for rest := server; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			pieces.Server(rest[:min(size, len(rest))])
		}
		if *whole != *pieces {
			t.Fatalf("whole %+v, in pieces %+v", whole, pieces)
		}
		if whole.Idle() && !whole.Quiet() {
			t.Fatal("idle but not quiet")
		}
	})
}

// FuzzOpening: what is accepted is returned as it came.
func FuzzOpening(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x08\x04\xd2\x16\x2f"))
	f.Add([]byte("\x00\x00\x00\x0e\x00\x03\x00\x00user\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x14\x00\x03\x00\x00user\x00green\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		packet, _, err := pgwire.ReadOpening(bytes.NewReader(data))
		if err == nil && !bytes.HasPrefix(data, packet) {
			t.Fatalf("%x was read as %x", data, packet)
		}
		if user := pgwire.User(packet); len(user) > 64 || !utf8.ValidString(user) || strings.Contains(user, "\x00") {
			t.Fatalf("the user of %x is %q", packet, user)
		}
	})
}
