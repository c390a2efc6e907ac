package querytest

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/table"
)

// Size is the number of entries in the log: two tables, and a tail.
const Size = 2*4096 + 200

// Begin is the time of its first entry; they are a minute apart.
func Begin() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 123456789, time.UTC) }

// Entry is the n-th entry. The first are at the edges of what a log may hold.
func Entry(n int) journal.Entry {
	e := journal.Entry{Time: Begin().Add(time.Duration(n) * time.Minute), Kind: []string{"operation.begun", "operation.ended", "fault.injected"}[n%3]}
	switch n {
	case 0:
		return journal.Entry{Time: e.Time, Kind: "journal.begun"}
	case 1:
		e.Subject, e.Actor, e.Reason = "日本/postgres", "ünï_%", "it's a \"test\"\nwith \\ and 🙂"
		e.Data = []byte(`{"text":"a\"b\\c\u00e9","null":null,"deep":{"x":[1,2]},"number":12345678901234567,"yes":true}`)
		return e
	case 2:
		e.Data = []byte(`{"bulk":"` + strings.Repeat("x", 60000) + `"}`)
		return e
	}
	e.Subject, e.Operation, e.Actor = fmt.Sprintf("us-east-1/%s", []string{"postgres", "redis", "edge", "node"}[n%4]), fmt.Sprintf("op-%05d", n/2), fmt.Sprintf("actor-%02d", n%10)
	if n%5 == 0 {
		e.Actor, e.Reason = "", "because"
	}
	if n%7 == 0 {
		e.Data = fmt.Appendf(nil, `{"n":%d,"zone":"z%d"}`, n, n%3)
	}
	if n%11 == 0 {
		e.Trace, e.Approval = fmt.Sprintf("%032x", n), "boss"
	}
	return e
}

// Log is a journal of that many entries with its tables.
type Log struct {
	Journal *journal.Journal
	Store   *table.Store
	Dir     string // of the tables
}

// New makes the log; the test's end closes it.
func New(t testing.TB, size int) *Log {
	t.Helper()
	root := t.TempDir()
	j, err := journal.Options{Origin: "querytest"}.Open(filepath.Join(root, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	entries := make([]journal.Entry, size)
	for i := range entries {
		entries[i] = Entry(i)
	}
	for len(entries) > 0 {
		n := min(1000, len(entries))
		if _, err := j.Append(t.Context(), entries[:n]...); err != nil {
			t.Fatal(err)
		}
		entries = entries[n:]
	}
	if err := j.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := &Log{j, table.NewStore(filepath.Join(root, "table"), j, slog.New(slog.DiscardHandler)), filepath.Join(root, "table")}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() { _ = l.Store.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		if err := l.Store.Close(); err != nil {
			t.Error(err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// Snapshot returns the log as tables.
func (l *Log) Snapshot(t testing.TB) *table.Snapshot {
	t.Helper()
	s, err := l.Store.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Release)
	return s
}
