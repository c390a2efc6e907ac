package worker_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/query/querytest"
	"github.com/greenlang/fournines/internal/journal/query/worker"
	"github.com/greenlang/fournines/internal/platformtest/strict"
)

// built is the worker's program, as make build leaves it.
func built(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../../../bin", worker.Program))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		strict.Skip(t, "what DuckDB answers, which needs bin/fournines-query (make build builds it)", err)
	}
	return path
}

func engine(t testing.TB, dir string, o worker.Options) *worker.Engine {
	t.Helper()
	o.Program, o.Dir = built(t), dir
	e := worker.New(o)
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func TestConform(t *testing.T) {
	t.Parallel()
	built(t)
	l := querytest.New(t, querytest.Size)
	querytest.Conform(t, engine(t, l.Dir, worker.Options{}), l, "../querytest/testdata/answers.txt")
}

// until waits for a fact.
func until(t testing.TB, fact func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !fact(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about within a minute")
		}
	}
}

const (
	count = "select count(*) from entries"
	// endless counts a series that is never kept: it takes time, and no memory.
	endless = "select count(*) from range(9000000000000000000) r where r.range % 7 = 3"
	// bulky keeps all that it has seen: it has filled the memory long before it ends.
	bulky = "select count(*) from (select distinct r.range from range(9000000000000000000) r)"
)

func ask(t testing.TB, e *worker.Engine, l *querytest.Log, sql string) (query.Answer, error) {
	t.Helper()
	return e.Answer(t.Context(), query.Question{SQL: sql}, l.Snapshot(t))
}

// What happens to the worker is an error of one question.
func TestWorkerKilled(t *testing.T) {
	t.Parallel()
	built(t)
	l := querytest.New(t, 100)
	e := engine(t, l.Dir, worker.Options{})
	if _, err := ask(t, e, l, count); err != nil {
		t.Fatal(err)
	}
	pid := e.PID()
	failed := make(chan error, 1)
	go func() {
		_, err := ask(t, e, l, endless)
		failed <- err
	}()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("%v", err)
	}
	if a, err := ask(t, e, l, count); err != nil || len(a.Rows) != 1 {
		t.Fatalf("the next question: %v", err)
	}
	if e.PID() == pid {
		t.Fatal("it is the same process")
	}
}

// The least memory with which DuckDB works is enough until the time is over.
func TestWorkerTimesOut(t *testing.T) {
	t.Parallel()
	built(t)
	l := querytest.New(t, 100)
	e := engine(t, l.Dir, worker.Options{Timeout: 300 * time.Millisecond, Memory: 16})
	var r *query.RefusedError
	if _, err := ask(t, e, l, endless); !errors.As(err, &r) || !strings.Contains(err.Error(), "longer than 300ms") {
		t.Fatalf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	slow := engine(t, l.Dir, worker.Options{})
	if _, err := slow.Answer(ctx, query.Question{SQL: endless}, l.Snapshot(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v", err)
	}
	if _, err := ask(t, slow, l, count); err != nil {
		t.Fatal(err)
	}
}

// There is time enough until the memory is full.
func TestWorkerOutOfMemory(t *testing.T) {
	t.Parallel()
	built(t)
	l := querytest.New(t, 100)
	e := engine(t, l.Dir, worker.Options{Timeout: time.Hour, Memory: 64})
	var r *query.RefusedError
	if _, err := ask(t, e, l, bulky); !errors.As(err, &r) || !strings.Contains(err.Error(), "more memory than the worker may use") {
		t.Fatalf("%v", err)
	}
	if _, err := ask(t, e, l, count); err != nil {
		t.Fatal(err)
	}
}

// An idle worker ends by itself, and is started again.
func TestWorkerIdles(t *testing.T) {
	t.Parallel()
	built(t)
	l := querytest.New(t, 100)
	e := engine(t, l.Dir, worker.Options{Idle: 50 * time.Millisecond})
	if _, err := ask(t, e, l, count); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return e.PID() == 0 })
	if _, err := ask(t, e, l, count); err != nil {
		t.Fatal(err)
	}
}

// Nothing but the tables can be read, nothing written, and nothing set otherwise.
func TestWorkerIsLockedIn(t *testing.T) {
	t.Parallel()
	built(t)
	l := querytest.New(t, 100)
	e := engine(t, l.Dir, worker.Options{})
	secret := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"select * from read_csv('" + secret + "')", "select * from read_text('" + secret + "')", "select * from '" + secret + "'",
		"select * from read_text('" + l.Dir + "/../secret.csv')", "select * from glob('/etc/*')", "select * from read_csv('http://127.0.0.1:1/x')",
		"copy (select 1) to '" + secret + "'", "copy (select 1) to '" + l.Dir + "/x.parquet'", "set enable_external_access = true", "reset lock_configuration",
		"attach ':memory:' as x", "load httpfs", "install json", "create table x (i int)", "select 1; select 2", "export database '" + l.Dir + "'",
		"pragma memory_limit = '8GB'", "call pragma_version()", "explain analyze select 1", "with x as (delete from entries returning *) select * from x",
	} {
		if a, err := ask(t, e, l, sql); err == nil && len(a.Rows) > 0 {
			t.Errorf("%s answers %v", sql, a.Rows)
		}
	}
	if b, err := os.ReadFile(secret); err != nil || string(b) != "secret\n" {
		t.Fatalf("%q %v", b, err)
	}
	if list, err := filepath.Glob(filepath.Join(l.Dir, "x*")); err != nil || len(list) > 0 {
		t.Fatalf("%v %v", list, err)
	}
}

// A test's own directory has no worker.
func TestWorkerIsMissing(t *testing.T) {
	t.Parallel()
	l := querytest.New(t, 100)
	e := worker.New(worker.Options{Dir: l.Dir})
	t.Cleanup(func() { _ = e.Close() })
	var missing *worker.MissingError
	if _, err := ask(t, e, l, count); !errors.As(err, &missing) || !strings.Contains(err.Error(), "make build") {
		t.Fatalf("%v", err)
	}
}
