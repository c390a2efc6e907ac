package witness

import (
	"testing"
)

// One cosignature: verify the log's signature and the proof, keep the record with two
// fsyncs, sign.
func BenchmarkAddCheckpoint(b *testing.B) {
	l := newLog(b, "example.com/log")
	l.grow(1000, "a")
	s := newStation(b, b.TempDir(), nil, newClock(), logs(b, l))
	size := uint64(0)
	for b.Loop() {
		b.StopTimer()
		l.grow(1, "a")
		old := size
		size = l.tree.Size()
		body := l.request(b, old, size)
		b.StartTimer()
		if a := s.add(body); a.status != 200 {
			b.Fatal(a.body)
		}
	}
}

// The same without the disk: the next size is the known one.
func BenchmarkCosignSameSize(b *testing.B) {
	l := newLog(b, "example.com/log")
	l.grow(1000, "a")
	s := newStation(b, b.TempDir(), nil, newClock(), logs(b, l))
	s.add(l.request(b, 0, 1000))
	body := l.request(b, 1000, 1000)
	for b.Loop() {
		if a := s.add(body); a.status != 200 {
			b.Fatal(a.body)
		}
	}
}
