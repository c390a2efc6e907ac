package witness

import (
	"context"
	"testing"
	"time"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	honest, forked := newLog(t, "example.com/log"), newLog(t, "example.com/log")
	honest.grow(20, "a")
	forked.grow(5, "a") // the histories part after entry 4
	forked.grow(15, "b")
	keys, clock := logs(t, honest, forked), newClock()
	open := func(b []byte) Checkpoint {
		c, err := keys.Open(b)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	prove := func(l *testLog, old, size uint64) [][]byte {
		p, err := l.Consistency(context.Background(), old, size)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	at := func(size uint64) record { return record{open(honest.at(size)), clock.now()} }
	fresh := record{last: empty("example.com/log")}
	junk := [][]byte{make([]byte, 32), make([]byte, 32), make([]byte, 32), make([]byte, 32), make([]byte, 32), make([]byte, 32)}

	tests := []struct {
		name    string
		known   record
		offered []byte
		old     uint64
		proof   [][]byte
		age     time.Duration // of what is known
		status  int
		found   Kind
	}{
		{"first checkpoint", fresh, honest.at(9), 0, nil, 0, 200, ""},
		{"first, with a proof", fresh, honest.at(9), 0, junk[:1], 0, 422, ""},
		{"first, from a size", fresh, honest.at(9), 5, prove(honest, 5, 9), 0, 409, ""},
		{"empty tree", fresh, honest.at(0), 0, nil, 0, 200, ""},
		{"empty tree with a root", fresh, honest.sign("example.com/log\n0\n" + zeroHash + "\n"), 0, nil, 0, 409, ""},
		{"growth", at(9), honest.at(14), 9, prove(honest, 9, 14), 0, 200, ""},
		{"growth from a power of two", at(8), honest.at(14), 8, prove(honest, 8, 14), 0, 200, ""},
		{"the same again", at(9), honest.at(9), 9, nil, 0, 200, ""},
		{"the same with a proof", at(9), honest.at(9), 9, junk[:1], 0, 422, ""},
		{"old above the size", at(9), honest.at(8), 9, nil, 0, 400, ""},
		{"old size unknown to us", at(9), honest.at(14), 7, prove(honest, 7, 14), 0, 409, ""},
		{"late request", at(9), honest.at(8), 7, prove(honest, 7, 8), Grace, 409, ""},
		{"rollback", at(9), honest.at(8), 7, prove(honest, 7, 8), Grace + 1, 409, Rollback},
		{"fork at one size", at(9), forked.at(9), 9, nil, 0, 409, Fork},
		{"fork at one size, other old", at(9), forked.at(9), 4, prove(forked, 4, 9), 0, 409, Fork},
		{"fork that its proof shows", at(9), forked.at(14), 9, prove(forked, 9, 14), 0, 422, Fork},
		{"fork from a power of two", at(8), forked.at(14), 8, prove(forked, 8, 14), 0, 422, Unproved},
		{"histories that are still one", at(4), forked.at(14), 4, prove(forked, 4, 14), 0, 200, ""},
		{"junk instead of a proof", at(9), honest.at(14), 9, junk[:5], 0, 422, Unproved},
		{"no proof", at(9), honest.at(14), 9, nil, 0, 422, Unproved},
		{"proof of other sizes", at(9), honest.at(14), 9, prove(honest, 9, 13), 0, 422, Unproved},
	}
	for _, tt := range tests {
		v := decide(tt.known, open(tt.offered), tt.old, tt.proof, clock.now().Add(tt.age))
		if v.status != tt.status || v.found != tt.found {
			t.Errorf("%s: %d %q (%s), want %d %q", tt.name, v.status, v.found, v.why, tt.status, tt.found)
		}
	}
}

// Over all pairs of sizes and all places where histories can part: an honest extension is
// always cosigned and never a finding, and a forked one is never cosigned.
func TestDecideOverAllSizes(t *testing.T) {
	t.Parallel()
	const n = 24
	clock := newClock()
	for part := range uint64(n) {
		honest, forked := newLog(t, "example.com/log"), newLog(t, "example.com/log")
		honest.grow(n, "a")
		forked.grow(int(part), "a")
		forked.grow(n-int(part), "b")
		keys := logs(t, honest, forked)
		for known := uint64(1); known <= n; known++ {
			k, err := keys.Open(honest.at(known))
			if err != nil {
				t.Fatal(err)
			}
			for size := known; size <= n; size++ {
				check(t, record{k, clock.now()}, honest, known, size, keys, true)
				check(t, record{k, clock.now()}, forked, known, size, keys, known <= part)
			}
		}
	}
}

func check(t *testing.T, r record, l *testLog, known, size uint64, keys Logs, extends bool) {
	t.Helper()
	req, err := ParseRequest(l.request(t, known, size))
	if err != nil {
		t.Fatal(err)
	}
	c, err := keys.Open(req.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	v := decide(r, c, req.Old, req.Proof, r.at)
	powerOfTwo := known&(known-1) == 0 && size > known
	switch {
	case extends && (v.status != 200 || v.found != ""):
		t.Fatalf("honest %d to %d: %+v", known, size, v)
	case !extends && (v.status == 200 || (v.found != Fork && !powerOfTwo) || v.found == ""):
		t.Fatalf("forked %d to %d: %+v", known, size, v)
	}
}
