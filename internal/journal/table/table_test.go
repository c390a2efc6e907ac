package table_test

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/table"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

// records turns entries' bytes into records, as the log would.
func records(t testing.TB, first uint64, payloads ...[]byte) []journal.Record {
	t.Helper()
	out := make([]journal.Record, len(payloads))
	for i, p := range payloads {
		r, err := journal.Decode(first+uint64(i), p)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = r
	}
	return out
}

func each(list []journal.Record) iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// strange are entries at the edges of what a log may hold.
func strange(t testing.TB) []journal.Record {
	t.Helper()
	entries := []journal.Entry{
		{Kind: "bare"},
		{Time: epoch, Kind: "edge.unicode", Subject: "日本 \u0000 \t\"quoted\" \\ <&> \u2028", Actor: "ünï", Reason: "🙂"},
		{Time: epoch.Add(1), Kind: strings.Repeat("k", journal.MaxKind), Subject: strings.Repeat("s", journal.MaxSubject), Operation: strings.Repeat("o", journal.MaxOperation)},
		{Time: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), Kind: "first.year"},
		{Time: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), Kind: "last.year"},
		{Time: time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC), Kind: "before.epoch"},
		{Time: epoch, Kind: "huge.data", Data: []byte(`{"a":"` + strings.Repeat("x", 60000) + `"}`)},
		{Time: epoch, Kind: "null.data", Data: []byte(`null`)},
		{Time: epoch, Kind: "twice.data", Data: []byte(`{"a":1,"a":2,"b":1e400}`)},
		{Time: epoch, Kind: "full", Subject: "s", Operation: "o", Actor: "a", Reason: "r", Trace: strings.Repeat("0a", 16), Approval: "b", Data: []byte(`[1,"two",null]`)},
		{Time: epoch, Kind: "broken.text", Subject: "not \xff UTF-8"},
	}
	var payloads [][]byte
	for i := range entries {
		b, err := journal.AppendCanonical(nil, &entries[i])
		if err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, b)
	}
	payloads = append(payloads, // what other writers may have put there
		[]byte(`{"kind":"other.order","time":"2026-03-01T12:00:00Z"}`),
		[]byte(` {"time":"2026-03-01T12:00:00+02:00", "kind":"spaces", "subject":"", "more":[1,2]}`),
		[]byte("{\"kind\":\"raw.bytes\",\"data\":\"\xff\xfe\"}"),
		[]byte(`{}`))
	return records(t, 7, payloads...)
}

// plain are n entries as a server writes them.
func plain(t testing.TB, first uint64, n int) []journal.Record {
	t.Helper()
	payloads := make([][]byte, n)
	for i := range payloads {
		at := first + uint64(i)
		e := journal.Entry{Time: epoch.Add(time.Duration(at) * 1234567), Kind: fmt.Sprintf("kind.%d", at%7), Subject: fmt.Sprintf("subject-%d", at%100), Operation: fmt.Sprintf("op-%08d", at/3), Actor: "a" + fmt.Sprint(at%13), Data: fmt.Appendf(nil, `{"n":%d}`, at)}
		if at%5 == 0 {
			e.Reason, e.Actor = "because", ""
		}
		b, err := journal.AppendCanonical(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		payloads[i] = b
	}
	return records(t, first, payloads...)
}

func write(t testing.TB, list []journal.Record) ([]byte, table.Summary) {
	t.Helper()
	return writeAs(t, "test", list)
}

func writeAs(t testing.TB, origin string, list []journal.Record) ([]byte, table.Summary) {
	t.Helper()
	var b bytes.Buffer
	s, err := table.Write(&b, table.Meta{Origin: origin, First: list[0].Index, Next: list[0].Index + uint64(len(list))}, each(list))
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), s
}

func read(t testing.TB, b []byte) *table.Table {
	t.Helper()
	x, err := table.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// Every entry's exact bytes come back from its row.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, list := range map[string][]journal.Record{"strange": strange(t), "plain": plain(t, 0, 5000), "two groups": plain(t, 99, table.GroupRows+10)} {
		b, sum := write(t, list)
		x := read(t, b)
		if err := x.Verify(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var root tiles.Frontier
		i := 0
		err := x.Scan(t.Context(), table.Filter{}, func(r table.Row) bool {
			got, err := r.Bytes(nil)
			if err != nil || !bytes.Equal(got, list[i].Bytes) || uint64(r.Index) != list[i].Index {
				t.Fatalf("%s: entry %d came back as %d %q, %v; it was %q", name, list[i].Index, r.Index, got, err, list[i].Bytes)
			}
			root.Add(tiles.Leaf(list[i].Bytes))
			i++
			return true
		})
		if err != nil || i != len(list) || root.Root() != sum.Root || x.Meta() != sum.Meta {
			t.Fatalf("%s: %d of %d rows, %v, %+v", name, i, len(list), err, sum)
		}
		if name == "strange" && (sum.Raw != 5 || sum.Earliest.Year() != 1 || sum.Latest.Year() != 9999) {
			t.Fatalf("%+v", sum)
		}
	}
}

func TestScanSelects(t *testing.T) {
	t.Parallel()
	list := plain(t, 0, table.GroupRows+5000)
	b, _ := write(t, list)
	x := read(t, b)
	micro := func(i int) *int64 { n := list[i].Time.UnixMicro(); return &n }
	for _, c := range []struct {
		f    table.Filter
		want int
	}{
		{table.Filter{From: 65530, Next: 65540}, 10},
		{table.Filter{From: 70000}, 536},
		{table.Filter{Equal: map[table.Column]string{table.Operation: "op-00000100"}}, 3},
		{table.Filter{Equal: map[table.Column]string{table.Operation: "nothing"}}, 0},
		{table.Filter{Equal: map[table.Column]string{table.Kind: "kind.1", table.Subject: "subject-1"}, Next: 1400}, 2},
		{table.Filter{After: micro(10), Before: micro(20)}, 10},
		{table.Filter{Equal: map[table.Column]string{table.Hash: fmt.Sprintf("%x", list[66000].Hash)}}, 1},
	} {
		n := 0
		if err := x.Scan(t.Context(), c.f, func(table.Row) bool { n++; return true }); err != nil || n != c.want {
			t.Errorf("%+v: %d rows, want %d, %v", c.f, n, c.want, err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	list := plain(t, 0, 10)
	other := plain(t, 0, 10)
	other[4].Hash = other[5].Hash
	wrong := table.Meta{Origin: "x", Next: 10, Root: tiles.Hash{1}}
	for name, c := range map[string]struct {
		m    table.Meta
		rows iter.Seq2[journal.Record, error]
	}{
		"missing":   {table.Meta{Next: 11}, each(list)},
		"gap":       {table.Meta{Next: 9}, each(append(list[:4:4], list[5:]...))},
		"begin":     {table.Meta{First: 1, Next: 10}, each(list)},
		"too many":  {table.Meta{Next: 9}, each(list)},
		"its hash":  {table.Meta{Next: 10}, each(other)},
		"root":      {wrong, each(list)},
		"unread":    {table.Meta{Next: 10}, func(yield func(journal.Record, error) bool) { yield(journal.Record{}, errors.New("disk")) }},
		"no record": {table.Meta{Next: 1}, each(nil)},
	} {
		if _, err := table.Write(&bytes.Buffer{}, c.m, c.rows); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

// A changed byte either changes nothing that anybody can read, or is found.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	list := append(strange(t), plain(t, 7+uint64(len(strange(t))), 60)...)
	for i := range list { // a smaller file has fewer bytes to try
		if len(list[i].Bytes) > 2000 {
			list[i] = plain(t, list[i].Index, 1)[0]
		}
	}
	b, sum := write(t, list)
	found := 0
	for i := range b {
		changed := bytes.Clone(b)
		changed[i] ^= 1 << (i % 8)
		x, err := table.Read(bytes.NewReader(changed), int64(len(changed)))
		if err == nil && x.Meta() == sum.Meta {
			err = x.Verify(t.Context())
		} else if err == nil {
			err = table.ErrDamaged // the reader knows which log and range it asked for
		}
		if err != nil {
			found++
			continue
		}
		sameRows(t, x, list, i)
	}
	t.Logf("%d bytes, %d of %d changes found, the others harmless", len(b), found, len(b))
	if found < len(b)/2 {
		t.Fatalf("only %d of %d changes were found", found, len(b))
	}
}

func sameRows(t *testing.T, x *table.Table, list []journal.Record, at int) {
	t.Helper()
	n := 0
	err := x.Scan(t.Context(), table.Filter{}, func(r table.Row) bool {
		got, err := r.Bytes(nil)
		if err != nil || !bytes.Equal(got, list[n].Bytes) {
			t.Fatalf("byte %d: entry %d reads %q, %v", at, list[n].Index, got, err)
		}
		n++
		return true
	})
	if err != nil || n != len(list) {
		t.Fatalf("byte %d: %d rows, %v", at, n, err)
	}
	for _, r := range list { // nothing may hide a row
		if r.Operation == "" || r.Index%17 != 0 {
			continue
		}
		hit := false
		err := x.Scan(t.Context(), table.Filter{Equal: map[table.Column]string{table.Operation: r.Operation}}, func(row table.Row) bool {
			hit = hit || uint64(row.Index) == r.Index
			return true
		})
		if err != nil || !hit {
			t.Fatalf("byte %d: entry %d is hidden, %v", at, r.Index, err)
		}
	}
}

// Bytes that are no table are an error, never a panic.
func FuzzRead(f *testing.F) {
	small, _ := write(f, plain(f, 0, 20))
	f.Add(small)
	f.Add(small[:len(small)-9])
	f.Add([]byte("PAR1PAR1"))
	f.Add([]byte("PAR1\x19\xfc\xff\xff\xff\xff\x07\x00\x07\x00\x00\x00PAR1")) // a list of 2^31 elements
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := table.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, table.ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		_ = x.Verify(t.Context()) // must return
		_ = x.Scan(t.Context(), table.Filter{Equal: map[table.Column]string{table.Actor: "a1"}}, func(table.Row) bool { return true })
	})
}

func TestOpenSaysWhichFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.parquet")
	if _, err := table.Open(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("PAR1 nonsense PAR1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Open(path); !errors.Is(err, table.ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
}
