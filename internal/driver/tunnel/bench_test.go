package tunnel

import (
	"io"
	"net"
	"testing"

	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// BenchmarkCarry opens a connection, sends a line and reads it back: what a probe does,
// directly and through a gate.
func BenchmarkCarry(b *testing.B) {
	there, at := listen(b), loopback.Free(b)
	go func() {
		for {
			c, err := there.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	s := newStage(b, Ends{Dial: dialler(map[string]string{at: there.Addr().String()})})
	_, _ = s.join(b, Ends{Listen: []string{at}})
	for name, address := range map[string]string{"direct": there.Addr().String(), "carried": at} {
		b.Run(name, func(b *testing.B) {
			line := make([]byte, 64)
			for b.Loop() {
				c, err := net.Dial("tcp", address)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.Write(line); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(c, line); err != nil {
					b.Fatal(err)
				}
				_ = c.Close()
			}
		})
		b.Run(name+"/stream", func(b *testing.B) {
			c, err := net.Dial("tcp", address)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close() //nolint:errcheck // only a test
			buf := make([]byte, 64<<10)
			b.SetBytes(int64(len(buf)))
			for b.Loop() {
				if _, err := c.Write(buf); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(c, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
