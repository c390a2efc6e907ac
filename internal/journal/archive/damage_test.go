package archive_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

var place = archive.Place{Endpoint: "https://memory", Bucket: "test"}

// filled archives entries in three parts, which end at 700, 1010 and behind 1900.
func filled(t *testing.T, l *ledger, p archive.Place, s archive.Store) {
	t.Helper()
	l.trust(t, p)
	a := archiver(t, options(l, p, s, t.TempDir()))
	for _, n := range []uint64{700, 1010, 1900} {
		l.add(t, int(n-l.Head().Size)) //nolint:gosec // small
		drain(t, a, l, n)
	}
}

func expect(t *testing.T, err error, kind journal.Damage, index uint64) {
	t.Helper()
	if d, ok := errors.AsType[*journal.DamageError](err); !ok {
		t.Errorf("found %v, want damage %s at %d", err, kind, index)
	} else if d.Kind != kind || d.Index != index {
		t.Errorf("found %v, want %s at %d", err, kind, index)
	}
}

// Somebody who owns the store can change everything in it, digests included. What the
// signed tree says still finds each change, at the first entry that it concerns.
func TestEveryChangeOfAnArchiveIsNamed(t *testing.T) {
	t.Parallel()
	l, m := newLedger(t), newMemory()
	filled(t, l, place, m)
	if _, err := verify(t.Context(), l, m, time.Now()); err != nil {
		t.Fatal(err)
	}
	s, err := l.Status()
	if err != nil {
		t.Fatal(err)
	}
	other := newLedger(t)
	other.add(t, 700)
	foreign, err := other.CheckpointAt(700)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) func(*kept) { return func(k *kept) { k.body[at] ^= 1 } }
	cut := func(n int) func(*kept) { return func(k *kept) { k.body = k.body[:len(k.body)-n] } }
	table := func(change func([][]byte) [][]byte) func(*kept) {
		return func(k *kept) { k.body = rewritten(t, k.body, 700, change) }
	}
	second := archive.PartKey(700, 1010)
	for _, c := range []struct {
		name, key string
		change    func(*kept)
		kind      journal.Damage
		index     uint64
	}{
		{"an entry", "tile/entries/001", flip(2 + 20), journal.BitRot, 256},
		{"a bundle's end", "tile/entries/002", cut(1), journal.BitRot, 512},
		{"a hash", "tile/0/002", flip(32 * 5), journal.BitRot, 517},
		{"a tile's end", "tile/0/000", cut(32), journal.BitRot, 0},
		{"an upper hash", "tile/1/000.p/3", flip(32 * 2), journal.BitRot, 512},
		{"a partial tile of an older checkpoint", "tile/0/002.p/188", flip(32 * 3), journal.BitRot, 515},
		{"a partial bundle of an older checkpoint", "tile/entries/002.p/188", flip(5), journal.BitRot, 512},
		{"a checkpoint of another log", archive.CheckpointKey(700), func(k *kept) { k.body = foreign }, journal.Unsigned, 0},
		{"a checkpoint's root", archive.CheckpointKey(1010), func(k *kept) { k.body = flipLine(k.body, 2) }, journal.Unsigned, 700},
		{"a checkpoint under another's name", archive.CheckpointKey(1010), func(k *kept) { k.body = m.objects[archive.CheckpointKey(700)].body }, journal.Unsigned, 700},
		{"a table without its end", second, table(func(r [][]byte) [][]byte { return r[:300] }), journal.Truncated, 1000},
		{"a table with another entry", second, table(func(r [][]byte) [][]byte { r[10] = []byte(`{"kind":"other"}`); return r }), journal.Replaced, 710},
		{"a table with entries swapped", second, table(func(r [][]byte) [][]byte { r[4], r[5] = r[5], r[4]; return r }), journal.Replaced, 704},
		{"a table with one more", second, table(func(r [][]byte) [][]byte { return append(r, r[0]) }), journal.Replaced, 1010},
		{"a table cut inside its footer", second, cut(3), journal.BitRot, 700},
		{"a manifest", archive.ManifestKey(0, 700), func(k *kept) { k.body = bytes.Replace(k.body, []byte(`"first": 0`), []byte(`"first": 1`), 1) }, journal.Replaced, 0},
		{"a manifest that is none", archive.ManifestKey(0, 700), cut(30), journal.BitRot, 0},
		{"a lock that was taken off", "tile/0/001", func(k *kept) { k.Mode, k.RetainUntil = "", time.Time{} }, journal.Unlocked, 256},
		{"a weaker lock", second, func(k *kept) { k.Mode = "GOVERNANCE" }, journal.Unlocked, 700},
		{"a lock that has ended", archive.CheckpointKey(1010), func(k *kept) { k.RetainUntil = time.Now().Add(-time.Second) }, journal.Unlocked, 700},
		{"another version than the manifest's", "tile/0/001", func(k *kept) { k.Version = "other" }, journal.Replaced, 0},
		{"an object without end", "tile/entries/001", func(k *kept) { k.body = make([]byte, 17<<20) }, journal.BitRot, 256},
		{"a bundle is gone", "tile/entries/001", nil, journal.Missing, 256},
		{"a tile is gone", "tile/0/003", nil, journal.Missing, 768},
		{"an upper tile is gone", "tile/1/000.p/2", nil, journal.Missing, 0},
		{"a table is gone", second, nil, journal.Missing, 700},
		{"the last table is gone", archive.PartKey(1010, s.Next), nil, journal.Missing, 1010},
		{"a manifest is gone", archive.ManifestKey(700, 1010), nil, journal.Missing, 700},
		{"an older checkpoint is gone", archive.CheckpointKey(700), nil, journal.Missing, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bad := m.clone()
			if c.change == nil {
				bad.change(c.key, func(*kept) {})
				delete(bad.objects, c.key)
			} else {
				bad.change(c.key, c.change)
			}
			_, err := verify(t.Context(), l, bad, time.Now())
			expect(t, err, c.kind, c.index)
		})
	}
}

// rewritten writes a table anew whose entries were changed, as somebody would who can
// write tables.
func rewritten(t *testing.T, body []byte, first uint64, change func([][]byte) [][]byte) []byte {
	t.Helper()
	var rows [][]byte
	for b, err := range archive.ReadTable(bytes.NewReader(body), int64(len(body))) {
		if err != nil {
			t.Error(err)
		}
		rows = append(rows, b)
	}
	rows = change(rows)
	var out bytes.Buffer
	err := archive.WriteTable("changed")(&out, first, first+uint64(len(rows)), func(yield func(journal.Record, error) bool) {
		for i, b := range rows {
			if !yield(journal.Decode(first+uint64(i), b)) { //nolint:gosec // not negative
				return
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
	return out.Bytes()
}

// flipLine changes the first character of a line.
func flipLine(b []byte, line int) []byte {
	lines := bytes.Split(b, []byte{'\n'})
	lines[line] = append([]byte{lines[line][0] ^ 1}, lines[line][1:]...)
	return bytes.Join(lines, []byte{'\n'})
}

func TestAnArchiveIsComparedWithACheckpointFromElsewhere(t *testing.T) {
	t.Parallel()
	l, m := newLedger(t), newMemory()
	filled(t, l, place, m)
	against := func(text []byte) error {
		_, err := archive.Verify(t.Context(), m, "test", archive.VerifyOptions{Key: l.VerifierKey(), Now: time.Now(), Read: archive.ReadTable, Against: text})
		return err
	}
	within, err := l.CheckpointAt(333)
	if err != nil {
		t.Fatal(err)
	}
	if err := against(within); err != nil {
		t.Errorf("a checkpoint between two parts: %v", err)
	}
	l.add(t, 100)
	beyond, _ := l.Checkpoint()
	s, err := l.Status()
	if err != nil {
		t.Fatal(err)
	}
	expect(t, against(beyond), journal.RolledBack, s.Next)
	key, err := os.ReadFile(filepath.Join(l.Dir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(strings.TrimSpace(string(key)))
	if err != nil {
		t.Fatal(err)
	}
	forked, err := tiles.Checkpoint{Origin: signer.Name(), Size: 333, Root: tiles.Hash{1}}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, against(forked), journal.Forked, 0)
	if err := against(flipLine(within, 2)); err == nil || errors.As(err, new(*journal.DamageError)) {
		t.Errorf("a checkpoint that nobody signed: %v", err)
	}
}

// Whoever has the machine of the embedded store can change its files.
func TestDamageInTheGatewaysDirectoryIsNamed(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReal(t, nil)
	filled(t, l, r.Place(), r)
	check := func(kind journal.Damage, index uint64) {
		t.Helper()
		_, err := verify(t.Context(), l, r, time.Now())
		expect(t, err, kind, index)
	}
	tile := r.path("tile/0/001")
	flipFile(t, tile, 40)
	check(journal.BitRot, 256)
	flipFile(t, tile, 40)
	part := r.path(archive.PartKey(700, 1010))
	info, err := os.Stat(part)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tile, tile+".away"); err != nil {
		t.Fatal(err)
	}
	check(journal.Missing, 256)
	if err := os.Rename(tile+".away", tile); err != nil {
		t.Fatal(err)
	}
	lock := make([]byte, 1024)
	n, err := unix.Getxattr(part, "user.object-retention", lock)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Removexattr(part, "user.object-retention"); err != nil {
		t.Fatal(err)
	}
	check(journal.Unlocked, 700)
	if err := unix.Setxattr(part, "user.object-retention", lock[:n], 0); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(t.Context(), l, r, time.Now()); err != nil {
		t.Fatalf("everything was put back: %v", err)
	}
	if err := os.Truncate(part, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	check(journal.BitRot, 700)
}

func flipFile(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // written below
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}
