package tiles_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

func TestPathsAsSpecified(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]tiles.Path{
		"tile/0/000":                      {Level: 0, N: 0, Width: 256},
		"tile/0/x001/x234/067":            {Level: 0, N: 1234067, Width: 256},
		"tile/63/x001/000.p/255":          {Level: 63, N: 1000, Width: 255},
		"tile/entries/x123/x456/789.p/1":  {Level: tiles.Entries, N: 123456789, Width: 1},
		"tile/1/x018/x446/x744/x073/x709": {},
	} {
		got, err := tiles.Parse(want)
		if p.Width == 0 {
			if err == nil {
				t.Errorf("%s was taken", want)
			}
			continue
		}
		if err != nil || got != p || p.String() != want {
			t.Errorf("%s: %+v %v, written %s", want, got, err, p)
		}
	}
	for _, bad := range []string{
		"", "tile", "tile/0", "tile/0/", "tile/0/1", "tile/0/0001", "tile/-1/000", "tile/+1/000", "tile/64/000", "tile/00/000", "tile/0/x000/001",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/../key", "tile/0/001/000", "tile/8/0/000", "/tile/0/000", "tile/0/000/",
		"tile/0/x999/x999/x999/x999/x999/x999/x999/999",
	} {
		if p, err := tiles.Parse(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, p)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"tile/0/000", "tile/entries/x001/000.p/7", "tile/63/x001/x234/067", "tile/0/../key"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := tiles.Parse(s)
		if err != nil {
			return
		}
		if p.String() != s || p.Width < 1 || p.Width > tiles.Width || strings.Contains(s, "..") || strings.HasPrefix(s, "/") {
			t.Fatalf("%q was read as %+v", s, p)
		}
	})
}

func signer(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "example.org/log")
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func TestEveryBitOfACheckpointCounts(t *testing.T) {
	t.Parallel()
	s, v := signer(t)
	c := tiles.Checkpoint{Origin: v.Name(), Size: 42, Root: tiles.EmptyRoot()}
	b, err := c.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tiles.OpenCheckpoint(b, v); err != nil || got != c {
		t.Fatalf("%+v %v", got, err)
	}
	for i := range len(b) * 8 {
		bad := bytes.Clone(b)
		bad[i/8] ^= 1 << (i % 8)
		if got, err := tiles.OpenCheckpoint(bad, v); err == nil {
			t.Errorf("bit %d of byte %d: %+v", i%8, i/8, got)
		}
	}
}

func FuzzCheckpoint(f *testing.F) {
	s, v := signer(f)
	b, err := tiles.Checkpoint{Origin: v.Name(), Size: 42, Root: tiles.EmptyRoot()}.Sign(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("example.org/log\n1\nAAAA\n\n— example.org/log AAAA\n"))
	f.Fuzz(func(t *testing.T, x []byte) {
		if c, err := tiles.OpenCheckpoint(x, v); err == nil && c.Size != 42 {
			t.Fatalf("%q was taken", x)
		}
	})
}

// Roots, edges and frontiers must agree with another's tree at every size.
func TestRootsAsOthersComputeThem(t *testing.T) {
	t.Parallel()
	hasher := rfc6962.DefaultHasher
	theirs := (&compact.RangeFactory{Hash: hasher.HashChildren}).NewEmptyRange(0)
	var ours tiles.Frontier
	var edge tiles.Edge
	if root := ours.Root(); !bytes.Equal(root[:], hasher.EmptyRoot()) {
		t.Fatal("empty root")
	}
	full := map[string]int{}
	for i := range 70_000 {
		entry := fmt.Append(nil, i)
		leaf := tiles.Leaf(entry)
		if i == 3 {
			long := bytes.Repeat(entry, 2000)
			if got := tiles.Leaf(long); !bytes.Equal(got[:], hasher.HashLeaf(long)) {
				t.Fatal("hash of a long entry")
			}
		}
		if !bytes.Equal(leaf[:], hasher.HashLeaf(entry)) {
			t.Fatal("leaf hash")
		}
		ours.Add(leaf)
		if err := edge.Add(leaf, func(p tiles.Path, hashes []tiles.Hash) error { full[p.String()] = len(hashes); return nil }); err != nil {
			t.Fatal(err)
		}
		if err := theirs.Append(leaf[:], nil); err != nil {
			t.Fatal(err)
		}
		if i%997 > 0 && i > 600 {
			continue
		}
		want, err := theirs.GetRootHash(nil)
		if err != nil {
			t.Fatal(err)
		}
		f := edge.Frontier()
		if a, b := ours.Root(), f.Root(); !bytes.Equal(a[:], want) || !bytes.Equal(b[:], want) {
			t.Fatalf("root over %d", i+1)
		}
	}
	if len(full) != 273+1 || full["tile/1/000"] != 256 || full["tile/0/272"] != 256 {
		t.Fatalf("%d full tiles", len(full))
	}
}

func FuzzBundle(f *testing.F) {
	f.Add(tiles.AppendEntry(tiles.AppendEntry(nil, []byte("a")), nil), 2)
	f.Add([]byte{0}, 1)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		n = max(0, min(n, tiles.Width))
		entries, rest, err := tiles.SplitBundle(b, n)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range entries {
			again = tiles.AppendEntry(again, e)
		}
		if !bytes.Equal(slices.Concat(again, rest), b) {
			t.Fatalf("%q was read as %q", b, entries)
		}
	})
}
