package ingest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/kit/audit"
)

const (
	envDir   = "FOURNINES_INGEST_DIR"
	envPoint = "FOURNINES_INGEST_POINT"
)

// child is a server in a process of its own, over the journal in dir. It dies at point.
func child(t *testing.T, dir, point string) (address string, died func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestServerInAProcess$", "-test.count=1")
	cmd.Env = append(os.Environ(), envDir+"="+dir, envPoint+"="+point)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "http://") {
		t.Fatalf("the server says %q", lines.Text())
	}
	return lines.Text(), func() {
		if point == "" {
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
		if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGKILL {
			t.Errorf("it did not die by SIGKILL: %v", cmd.ProcessState)
		}
	}
}

func TestServerInAProcess(t *testing.T) {
	dir, point := os.Getenv(envDir), os.Getenv(envPoint)
	if dir == "" {
		return // only as a process of the other tests
	}
	s := open(t, dir, ingest.Options{Crash: func(at string) {
		if at == point {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
	}})
	_, _ = os.Stdout.WriteString(s.URL + "\n")
	select {} // until it is killed
}

func try(address string, events []audit.Event) (audit.Answer, error) {
	b, err := json.Marshal(audit.Batch{Events: events})
	if err != nil {
		return audit.Answer{}, err
	}
	r, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(b)) //nolint:noctx // the server dies
	if err != nil {
		return audit.Answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return audit.Answer{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	var a audit.Answer
	return a, json.NewDecoder(resp.Body).Decode(&a)
}

// The server is killed before the append, and between the append and the answer: the
// batch that is repeated is in the journal once, and the answer says where.
func TestKilledAroundTheAppend(t *testing.T) {
	t.Parallel()
	for point, before := range map[string]int{"before-append": 0, "after-append": 20} {
		dir := t.TempDir()
		address, died := child(t, dir, point)
		if a, err := try(address, events(0, 20)); err == nil {
			t.Fatalf("%s: it answered %+v", point, a)
		}
		died()
		if got := kept(t, dir); len(got) != before {
			t.Fatalf("%s: %d events are in the journal, want %d", point, len(got), before)
		}
		address, died = child(t, dir, "")
		a, err := try(address, events(0, 30))
		if err != nil || len(a.Results) != 30 {
			t.Fatalf("%s: %v %+v", point, err, a)
		}
		died()
		got := kept(t, dir)
		if len(got) != 30 {
			t.Fatalf("%s: %d entries", point, len(got))
		}
		for i, r := range a.Results {
			if r.Duplicate != (i < before) || r.Error != nil || got[r.Index] != r.ID {
				t.Errorf("%s: %+v, entry %d is %s", point, r, r.Index, got[r.Index])
			}
		}
	}
}

// kept returns the ids in the journal of a process that is dead.
func kept(t *testing.T, dir string) []string {
	t.Helper()
	if _, err := journal.Verify(t.Context(), filepath.Join(dir, "journal"), journal.VerifyOptions{}); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // only read
	s := stand{t: t, Journal: j}
	return s.recorded()
}
