package s3test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sys/unix"
)

// Seed lays n small objects into a bucket of the gateway, at once and past it, as they are after a time: k/000000 and so on.
func (g *Gateway) Seed(t testing.TB, bucket string, n int) {
	t.Helper()
	const etag = "9dd4e461268c8034f5c8564e155c67a6" // the MD5 of x
	dir, side := filepath.Join(g.Options.Dir, "objects", bucket, "k"), filepath.Join(g.Options.Dir, "sidecar")
	_, err := os.Stat(side)
	sidecar := err == nil
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		path := filepath.Join(dir, fmt.Sprintf("%06d", i))
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"etag": `"` + etag + `"`, "version-id": ulid.Make().String()} {
			if !sidecar {
				err = unix.Setxattr(path, "user."+name, []byte(value), 0)
			} else if meta := filepath.Join(side, bucket, "k", filepath.Base(path), "meta"); os.MkdirAll(meta, 0o700) == nil {
				err = os.WriteFile(filepath.Join(meta, name), []byte(value), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
