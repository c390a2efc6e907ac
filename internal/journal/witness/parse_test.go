package witness

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"strconv"
	"strings"
	"testing"
	"time"
)

func hash64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

var zeroHash = hash64(make([]byte, 32))

func TestParseRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		proof      int // -1: refused
	}{
		{"first", "old 0\n\nx\n", 0},
		{"with a proof", "old 20852014\n" + zeroHash + "\n" + zeroHash + "\n\nx\n", 2},
		{"longest proof", "old 1\n" + strings.Repeat(zeroHash+"\n", 63) + "\nx\n", 63},
		{"one hash too many", "old 1\n" + strings.Repeat(zeroHash+"\n", 64) + "\nx\n", -1},
		{"empty", "", -1},
		{"no old line", "\n\nx\n", -1},
		{"leading zero", "old 01\n\nx\n", -1},
		{"sign", "old +1\n\nx\n", -1},
		{"negative", "old -1\n\nx\n", -1},
		{"two spaces", "old  1\n\nx\n", -1},
		{"above 64 bits", "old 18446744073709551616\n\nx\n", -1},
		{"carriage return", "old 1\r\n\r\nx\n", -1},
		{"short hash", "old 1\n" + hash64(make([]byte, 31)) + "\n\nx\n", -1},
		{"unpadded hash", "old 1\n" + strings.TrimRight(zeroHash, "=") + "\n\nx\n", -1},
		{"other base64 of the same bytes", "old 1\n" + zeroHash[:42] + "B=\n\nx\n", -1},
		{"no checkpoint", "old 1\n\n", -1},
		{"no empty line", "old 1\nx\n", -1},
	}
	for _, tt := range tests {
		r, err := ParseRequest([]byte(tt.body))
		if (err == nil) != (tt.proof >= 0) || (err == nil && len(r.Proof) != tt.proof) {
			t.Errorf("%s: %d lines of proof, error %v", tt.name, len(r.Proof), err)
		}
	}
}

func TestParseCheckpoint(t *testing.T) {
	t.Parallel()
	good := []string{"o\n0\n" + zeroHash + "\n", "o\n18446744073709551615\n" + zeroHash + "\n", "o\n1\n" + zeroHash + "\nextension\n"}
	for _, s := range good {
		if _, err := ParseCheckpoint(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	bad := []string{"", "o\n", "o\n1\n", "o\n1\n" + zeroHash, "\n1\n" + zeroHash + "\n", "o\n01\n" + zeroHash + "\n",
		"o\n1\n\n" + zeroHash + "\n", "o\n1\nnot base64\n", "o\n1\n" + zeroHash + "\n\nafter\n"}
	for _, s := range bad {
		if c, err := ParseCheckpoint(s); err == nil {
			t.Errorf("%q was read as %+v", s, c)
		}
	}
}

// What is accepted means one thing: its body renders back to the same bytes.
func FuzzParseRequest(f *testing.F) {
	l := newLog(f, "example.com/log")
	l.grow(9, "a")
	f.Add(l.request(f, 5, 9))
	f.Add(l.request(f, 0, 9))
	f.Add([]byte("old 0\n\n\n\n"))
	f.Add([]byte("old 18446744073709551615\n\n— a b\n"))
	known := logs(f, l)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseRequest(body)
		if err != nil {
			return
		}
		if !bytes.Equal(r.Body(), body) {
			t.Fatalf("read %q, renders as %q", body, r.Body())
		}
		c, err := known.Open(r.Checkpoint)
		if err != nil {
			return
		}
		if again, err := known.Open(c.Signed); err != nil || again.Text != c.Text || !bytes.Equal(again.Signed, c.Signed) {
			t.Fatalf("an opened checkpoint does not open again: %v", err)
		}
	})
}

// Whatever bytes come, the witness answers, and cosigns only what the log has signed.
func FuzzAddCheckpoint(f *testing.F) {
	l, stranger := newLog(f, "example.com/log"), newLog(f, "example.com/log")
	l.grow(9, "a")
	stranger.grow(9, "b")
	f.Add(l.request(f, 0, 9))
	f.Add(stranger.request(f, 0, 9))
	signed := map[string]bool{}
	for size := range uint64(10) {
		signed[l.text(size)] = true
	}
	s := newStation(f, f.TempDir(), nil, newClock(), logs(f, l))
	f.Fuzz(func(t *testing.T, body []byte) {
		a := s.add(body)
		if a.status < 200 || a.status > 499 {
			t.Fatalf("status %d: %v", a.status, s.failures.list())
		}
		if a.status == 200 {
			r, _ := ParseRequest(body)
			if !signed[textOf(string(r.Checkpoint))] {
				t.Fatalf("cosigned what the log has not signed: %q", r.Checkpoint)
			}
		}
	})
}

func FuzzParseLogs(f *testing.F) {
	f.Add("log " + newLog(f, "a").vkey + " # ours\n")
	f.Add("log\tlog+log+log")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLogs(text)
		if err != nil {
			return
		}
		for origin, keys := range l {
			if origin == "" || len(keys) == 0 || keys[0].Name() != origin {
				t.Fatalf("%q lists %q with %v", text, origin, keys)
			}
		}
	})
}

// Whatever a witness answers, a feeder takes only that witness's signature of its text.
func FuzzAnswer(f *testing.F) {
	l := newLog(f, "example.com/log")
	l.grow(3, "a")
	checkpoint, k := l.at(3), Key{"w", ed25519.NewKeyFromSeed(make([]byte, 32))}
	line := k.Cosign(l.text(3), time.Unix(1000, 0))
	f.Add("text/x.tlog.size", "5\n")
	f.Add("", line)
	f.Add("", "— x AAAAAAAA\n"+line)
	f.Fuzz(func(t *testing.T, content, body string) {
		if size, err := conflictSize(content, body); err == nil && strconv.FormatUint(size, 10)+"\n" != body {
			t.Fatalf("%q is the size %d", body, size)
		}
		got, err := cosignatureOf(k.Public(), checkpoint, body)
		if err != nil {
			return
		}
		if _, err := Quorum([]byte(l.text(3)+"\n"+got), []string{k.Public().String()}, 1); err != nil {
			t.Fatalf("%q was taken as %q: %v", body, got, err)
		}
	})
}
