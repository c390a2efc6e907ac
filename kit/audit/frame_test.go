package audit

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"testing"
)

// Whatever stands in a spool, reading it ends, and covers every byte once; a whole frame
// behind it is found.
func FuzzReadFrame(f *testing.F) {
	one := frameOf([]byte(`{"id":"1"}`))
	f.Add(one)
	f.Add(append(bytes.Clone(one), one[:7]...))
	f.Add(append([]byte("damage \xfaFE\x01\xff\xff\xff\xff"), one...))
	f.Add([]byte(frameMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		walk := func(b []byte) (payloads int) {
			for at := 0; at < len(b); {
				fr := readFrame(b[at:])
				if fr.size <= 0 || fr.size > len(b)-at || (fr.torn && fr.size != len(b)-at) {
					t.Fatalf("%d bytes at %d of %d, torn %v", fr.size, at, len(b), fr.torn)
				}
				if at += fr.size; fr.payload != nil {
					payloads++
				}
			}
			return payloads
		}
		before := walk(b)
		last := frameOf([]byte(`{"id":"last"}`))
		if _, whole := wholeFrame(b); len(b) == 0 || whole || !bytes.Contains(b, []byte(frameMagic)) {
			if after := walk(append(bytes.Clone(b), last...)); after < before+1 {
				t.Fatalf("%d frames before, %d with one more", before, after)
			}
		}
	})
}

// A spool whose bytes are anything at all is opened and read to its end.
func FuzzSpool(f *testing.F) {
	one := frameOf([]byte(`{"id":"1"}`))
	f.Add(bytes.Repeat(one, 5), []byte("x"))
	f.Add(append(bytes.Clone(one[:9]), one...), make([]byte, sentBytes))
	f.Fuzz(func(t *testing.T, b, sent []byte) {
		dir := t.TempDir()
		if os.WriteFile(fmt.Sprintf("%s/%016d%s", dir, 1, spoolSuffix), b, 0o600) != nil || os.WriteFile(dir+"/"+sentFile, sent, 0o600) != nil {
			t.Fatal("no disk")
		}
		s, err := openSpool(dir, 1<<20, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer s.close() //nolint:errcheck // only read
		if err := s.append(one); err != nil {
			t.Fatal(err)
		}
		found := false
		for {
			events, end, err := s.read(3, 64)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				found = e.event.ID == "1"
			}
			if end == s.first {
				break
			}
			if err := s.forget(end); err != nil {
				t.Fatal(err)
			}
		}
		if !found || s.pending() != 0 {
			t.Fatalf("the event behind it is not found; %d bytes pending", s.pending())
		}
	})
}
