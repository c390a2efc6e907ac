package postgres_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
)

// What damage to a copy shows, and where: a flipped bit by its checksum, a page of zeroes only by the
// fingerprint of its table, a broken index by its table's rows.
func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	const unproved = "that damage to a restored copy is seen"
	bin := enginetest.PostgresPrograms(t, unproved)
	s := enginetest.StartPostgres(t, unproved)
	admin := postgres.Admin{User: "greenlang", Database: "greenlang"}
	s.Exec(t, "greenlang", `CREATE SCHEMA "o'x"`, `CREATE TABLE "o'x"."r""s" (a int PRIMARY KEY, b text, at timestamptz DEFAULT '2026-11-30 10:00+01', f float8 DEFAULT 0.1)`,
		`INSERT INTO "o'x"."r""s" SELECT g, md5(g::text) FROM generate_series(1, 5000) g`, `CREATE TABLE empty (a int)`, `CREATE UNLOGGED TABLE gone_after_a_crash (a int)`)
	digests := func() []fact.TableDigest {
		t.Helper()
		all, err := admin.Digests(t.Context(), s.Address, silence)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	first := digests()
	if len(first) != 2 || first[0].Table != `greenlang.o'x.r"s` || first[0].Rows != 5000 || first[1].Table != "greenlang.public.empty" || first[1].Hash != "0/0" {
		t.Fatalf("%+v", first)
	}
	s.Exec(t, "greenlang", `ALTER DATABASE greenlang SET TimeZone = 'Asia/Tokyo'`, `ALTER DATABASE greenlang SET DateStyle = 'German'`, `ALTER DATABASE greenlang SET search_path = "o'x"`, `CLUSTER "o'x"."r""s" USING "r""s_pkey"`)
	if again := digests(); !slices.Equal(again, first) {
		t.Errorf("the same rows: %+v, and then %+v", first, again)
	}
	relations := func() fact.Inspection {
		t.Helper()
		i, err := admin.Relations(t.Context(), bin, s.Address)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	if i := relations(); i.Seen < 100 || len(i.Wrong) != 0 {
		t.Fatalf("%+v", i)
	}
	path := filepath.Join(s.Dir(), "base", strconv.Itoa(s.Count(t, "greenlang", "SELECT oid::int FROM pg_database WHERE datname = 'greenlang'")),
		strconv.Itoa(s.Count(t, "greenlang", `SELECT pg_relation_filenode('"o''x"."r""s"')::int`)))
	pages := func() fact.Inspection {
		t.Helper()
		i, err := postgres.Pages(t.Context(), bin, s.Dir())
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	if _, err := postgres.Pages(t.Context(), bin, s.Dir()); err == nil || !strings.Contains(err.Error(), "shut down") {
		t.Errorf("while a server runs: %v", err)
	}
	s.Stop(t)
	if i := pages(); i.Seen < 100 || len(i.Wrong) != 0 {
		t.Fatalf("%+v", i)
	}
	whole, err := os.ReadFile(path) //nolint:gosec // of the test's server
	if err != nil || len(whole) < 3*8192 {
		t.Fatal(len(whole), err)
	}
	write := func(change func([]byte)) {
		t.Helper()
		b := slices.Clone(whole)
		change(b)
		f, err := os.OpenFile(path, os.O_WRONLY, 0) //nolint:gosec // as above
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close() //nolint:errcheck // read back by what follows
		if _, err := f.WriteAt(b, 0); err != nil {
			t.Fatal(err)
		}
	}
	write(func(b []byte) { b[8192+4000] ^= 1 })
	if i := pages(); len(i.Wrong) != 1 || !strings.HasPrefix(i.Wrong[0], "base/") || !strings.HasSuffix(i.Wrong[0], " block 1") {
		t.Errorf("a flipped bit: %+v", i)
	}
	write(func(b []byte) { clear(b[8192 : 2*8192]) })
	if i := pages(); len(i.Wrong) != 0 {
		t.Errorf("PostgreSQL sees a page of zeroes now: %+v", i)
	}
	s.Start(t)
	if i := relations(); len(i.Wrong) != 0 {
		t.Errorf("amcheck sees a page of zeroes now: %+v", i)
	}
	if now := digests(); now[0].Rows >= 5000 || now[0].Hash == first[0].Hash || now[1] != first[1] {
		t.Errorf("a page of zeroes: %+v", now)
	}
	s.Stop(t)
	write(func([]byte) {})
	s.Start(t)
	s.Exec(t, "greenlang", `UPDATE pg_index SET indisready = false WHERE indexrelid = '"o''x"."r""s_pkey"'::regclass`, `INSERT INTO "o'x"."r""s" VALUES (6000, 'not in the index')`,
		`UPDATE pg_index SET indisready = true WHERE indexrelid = '"o''x"."r""s_pkey"'::regclass`)
	if i := relations(); len(i.Wrong) != 1 || !strings.Contains(i.Wrong[0], "pkey") {
		t.Errorf("a row that its index lacks: %+v", i)
	}
}
