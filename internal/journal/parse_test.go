package journal

import (
	"bytes"
	"slices"
	"testing"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

func FuzzFrame(f *testing.F) {
	frame := append(make([]byte, frameHeader), `{"kind":"a"}`...)
	seal(frame)
	f.Add(frame)
	f.Add(frame[:11])
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		payload, rest, err := nextFrame(b)
		if err != nil {
			return
		}
		again := append(make([]byte, frameHeader), payload...)
		if seal(again); !bytes.Equal(slices.Concat(again, rest), b) {
			t.Fatalf("%q was read as %q", b, payload)
		}
	})
}

func FuzzHead(f *testing.F) {
	f.Add(acknowledged{size: 3, root: tiles.EmptyRoot()}.encode())
	f.Add([]byte(headMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := decodeHead(b); err == nil && !bytes.Equal(a.encode(), b) {
			t.Fatalf("%q was read as %+v", b, a)
		}
	})
}

func FuzzSparseIndex(f *testing.F) {
	s := &segment{first: 5}
	s.grow(slices.Repeat([]int32{100}, 600))
	f.Add(encodeIndex(s))
	f.Add(encodeIndex(&segment{first: 5}))
	f.Add([]byte(indexMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &segment{first: 5}
		if decodeIndex(s, b) == nil && !bytes.Equal(encodeIndex(s), b) {
			t.Fatalf("%q was read as %+v", b, s)
		}
	})
}
