package s3_test

import (
	"testing"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
)

func TestMain(m *testing.M) { s3test.Main(m) }

func TestConform(t *testing.T) {
	t.Parallel()
	if open, ok := s3test.External(t); ok {
		s3test.Conform(t, open)
		return
	}
	for name, change := range map[string]func(*gateway.Options){
		"HTTP":                func(*gateway.Options) {},
		"TLS":                 func(o *gateway.Options) { o.TLS = true },
		"attributes in files": func(o *gateway.Options) { o.Sidecar = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := s3test.Start(t, t.TempDir(), change)
			open := func(t testing.TB, bucket string) *s3.Store { return g.Open(t, bucket, nil) }
			s3test.Conform(t, open)
			s3test.ConformCopies(t, open)
		})
	}
}
