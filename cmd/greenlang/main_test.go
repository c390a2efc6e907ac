package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// TestVerbs builds the program and goes the way an operator goes: migrate, seed,
// serve, SIGTERM, with PostgreSQL asking for no password and Redis away.
func TestVerbs(t *testing.T) {
	t.Parallel()
	pg := enginetest.StartPostgres(t, "the program's verbs on a real PostgreSQL")
	binary := filepath.Join(t.TempDir(), "greenlang")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	run := func(exit int, args ...string) map[string]any {
		t.Helper()
		cmd := exec.Command(binary, args...)
		cmd.Env = append(os.Environ(), "GREENLANG_POSTGRES="+pg.Address)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != exit {
			t.Fatalf("%v: exit %d, want %d (%v)\n%s", args, got, exit, err, errs.String())
		}
		var v map[string]any
		if exit == 0 && json.Unmarshal(out.Bytes(), &v) != nil {
			t.Fatalf("%v: no JSON: %s", args, out.String())
		}
		return v
	}
	if v := run(0, "version", "-o", "json"); v["version"] == "" {
		t.Errorf("version: %v", v)
	}
	run(2, "nonsense")
	run(2, "seed", "--customers", "-1")
	run(2, "version", "-o", "xml")
	run(1, "serve", "--listen", "0.0.0.0:0")
	if v := run(0, "migrate", "-o", "json"); v["steps"] == float64(0) {
		t.Errorf("first migrate: %v", v)
	}
	if v := run(0, "migrate", "-o", "json"); v["steps"] != float64(0) {
		t.Errorf("second migrate: %v", v)
	}
	for _, want := range []float64{200, 0} {
		if v := run(0, "seed", "--customers", "200", "--agents", "50", "-o", "json"); v["customers_added"] != want {
			t.Errorf("seed: %v, want %v customers", v, want)
		}
	}
	serveAndEnd(t, binary, pg.Address)
}

func serveAndEnd(t *testing.T, binary, postgres string) {
	listen := loopback.Free(t)
	cmd := exec.Command(binary, "serve", "--zone", "a", "--drain-delay", "100ms")
	cmd.Env = append(os.Environ(), "GREENLANG_POSTGRES="+postgres, "GREENLANG_LISTEN="+listen, "GREENLANG_REDIS="+loopback.Free(t))
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // fails when it has ended, as it should have
	c := greenlang.NewClient("http://"+listen, "")
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	enginetest.Await(t, "postgres is up and redis is down", func() error {
		r, err := c.Ready(ctx)
		if err == nil && (!r.Ready || r.Dependencies["postgres"].State != "up" || r.Dependencies["redis"].State != "down") {
			err = fmt.Errorf("%+v", r)
		}
		return err
	})
	if customers, err := c.Customers(ctx, 5); err != nil || len(customers) != 5 {
		t.Errorf("customers: %v, %v", customers, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("end: %v\n%s", err, log.String())
		}
	case <-ctx.Done():
		t.Fatal(errors.New("it does not end"))
	}
}
