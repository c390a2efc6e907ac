package audit_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/kit/audit"
)

const (
	envRole = "FOURNINES_KIT_ROLE"
	envDir  = "FOURNINES_KIT_DIR"
	envURL  = "FOURNINES_KIT_URL"
	envLife = "FOURNINES_KIT_LIFE"
)

// TestProcess is what the processes of TestKilledAtAnyMoment do.
func TestProcess(t *testing.T) {
	switch os.Getenv(envRole) {
	case "server":
		h, _, err := service(os.Getenv(envDir), ingest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewServer(h)
		fmt.Println(strings.TrimPrefix(s.URL, "http://"))
		select {} // until it is killed
	case "application":
		recordUntilKilled(t)
	default:
		// only as a process of the other tests
	}
}

func recordUntilKilled(t *testing.T) {
	c, err := audit.Open(audit.Options{URL: os.Getenv(envURL), Token: token, Dir: os.Getenv(envDir), MaxBytes: 256 << 10, Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				e := event(0)
				e.ID = fmt.Sprintf("%s-%d-%d", os.Getenv(envLife), worker, i)
				if err := c.Record(context.Background(), e); err != nil {
					fmt.Println("!", err)
					return
				}
				fmt.Println(e.ID) // one write of a short line
			}
		})
	}
	wg.Wait()
}

type process struct {
	cmd *exec.Cmd
	out io.ReadCloser
}

func start(t *testing.T, env ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	p := &process{cmd: exec.CommandContext(ctx, os.Args[0], "-test.run=^TestProcess$", "-test.count=1")}
	p.cmd.Env = append(os.Environ(), env...)
	var err error
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// server starts a server, and lets the front lead to it.
func server(t *testing.T, f *front, dir string) *process {
	t.Helper()
	p := start(t, envRole+"=server", envDir+"="+dir)
	lines := bufio.NewScanner(p.out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "127.0.0.1:") {
		t.Fatalf("the server says %q", lines.Text())
	}
	f.forward(t, lines.Text())
	return p
}

// The application and the server are killed at any moment, again and again, under load.
// In the end everything that Record accepted is in the journal, and nothing twice.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	cycles := 8
	if s := os.Getenv("FOURNINES_CYCLES"); s != "" {
		var err error
		if cycles, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dir, spool, f := t.TempDir(), t.TempDir(), newFront(t)
	accepted := map[string]bool{}
	s := server(t, f, dir)
	for life := range cycles {
		app := start(t, envRole+"=application", envDir+"="+spool, envURL+"="+f.URL, envLife+"="+strconv.Itoa(life))
		lines := bufio.NewScanner(app.out)
		first, second := 1+r.IntN(600), 1+r.IntN(600)
		for n := 0; lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "!") {
				t.Fatalf("the application says %s", lines.Text())
			}
			accepted[lines.Text()] = true
			switch n++; n {
			case first:
				s.kill()
				s = server(t, f, dir)
			case first + second:
				_ = app.cmd.Process.Kill() // what it said before that is still in the pipe
			}
		}
		app.kill()
	}
	s.kill()
	f.lead(http.NotFoundHandler())
	stop := serve(t, f, dir, ingest.Options{})
	c := client(t, f, spool, nil)
	flush(t, c)
	stop()
	got := recorded(t, dir)
	for id, n := range got {
		if n != 1 {
			t.Errorf("%s is recorded %d times", id, n)
		}
	}
	lost := 0
	for id := range accepted {
		if got[id] == 0 {
			lost++
		}
	}
	if st := c.Stats(); lost > 0 || len(accepted) < cycles || st.Refused > 0 || st.Damaged > 0 {
		t.Fatalf("%d of %d accepted events are lost; %+v", lost, len(accepted), st)
	}
	t.Logf("%d cycles: %d events accepted, %d recorded, each once", cycles, len(accepted), len(got))
}
