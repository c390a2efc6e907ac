package seal

import (
	"fmt"
	"testing"
)

// A rotation wraps each key anew, with two fsyncs each; the rest of the store is used
// meanwhile.
func BenchmarkRotate100(b *testing.B) {
	keys, err := OpenDirectory(b.TempDir(), b.TempDir()+"/master.key")
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(keys, keys.Pepper())
	if err != nil {
		b.Fatal(err)
	}
	for i := range 100 {
		mustSeal(b, s, fmt.Sprint(i), email, "x")
	}
	for b.Loop() {
		if err := keys.Rotate(); err != nil {
			b.Fatal(err)
		}
	}
}

// The first value of a subject makes its key durable.
func BenchmarkFirstSeal(b *testing.B) {
	keys, err := OpenDirectory(b.TempDir(), b.TempDir()+"/master.key")
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(keys, keys.Pepper())
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		mustSeal(b, s, fmt.Sprint(i), email, "x")
	}
}
