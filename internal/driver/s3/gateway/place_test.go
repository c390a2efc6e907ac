package gateway_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/driver/s3/gateway"
)

// Every key has a name of its own, which is a path below one directory, and no name is a directory of another.
func FuzzApart(f *testing.F) {
	for _, key := range []string{"a", "a//b", "a/b/", "/", ".", "..", "a/../b", "\x00", "\xff\xfe", strings.Repeat("k", 144), strings.Repeat("ä/", 300), strings.Repeat("x", 1024)} {
		f.Add(key, key+"/")
		f.Add(key, strings.Repeat(key, 2))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == "" || b == "" {
			return
		}
		at, other := gateway.Apart(a), gateway.Apart(b)
		if gateway.KeyOf(at) != a || filepath.Clean(at) != at || !filepath.IsLocal(at) {
			t.Fatalf("%q is %q and reads back as %q", a, at, gateway.KeyOf(at))
		}
		if (a == b) != (at == other) || strings.HasPrefix(at, other+"/") {
			t.Fatalf("%q and %q are %q and %q", a, b, at, other)
		}
		for part := range strings.SplitSeq(at, "/") {
			if len(part) > 255 {
				t.Fatalf("%q has a name of %d bytes", at, len(part))
			}
		}
	})
}
