package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
)

// backendName in the environment makes the test binary a backend process.
const backendName = "EDGE_TEST_BACKEND"

func TestMain(m *testing.M) {
	if os.Getenv(backendName) != "" {
		if err := serveBackend(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// serveBackend answers slowly enough that some requests are always under way.
func serveBackend() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-time.After(2 * time.Millisecond) // its work
		fmt.Fprint(w, "ok")
	}))
}

// process starts a backend process and returns it with its address.
func process(t *testing.T, name string) (*exec.Cmd, config.Target) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), backendName+"="+name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be dead already: that is the test
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, config.Target{Name: name, Address: strings.TrimSpace(line), HealthPath: "/healthz"}
}

// TestKillOneOfThree sends 500 requests a second, kills one of three backend
// processes with SIGKILL, and counts what clients see: no idempotent request
// may fail, and of the others only those under way in the killed process.
func TestKillOneOfThree(t *testing.T) {
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			victim, a := process(t, "a")
			_, b := process(t, "b")
			_, c := process(t, "c")
			st := newStand(t, config.HTTPPolicy{Upstream: way}, a, b, c)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
			var mu sync.Mutex
			failed, sent := map[string]int{}, map[string]int{}
			var requests sync.WaitGroup
			tick := time.NewTicker(2 * time.Millisecond)
			defer tick.Stop()
			const total = 1000
			for i := range total {
				<-tick.C
				if i == total/2 {
					if err := victim.Process.Kill(); err != nil {
						t.Fatal(err)
					}
				}
				kind := [...]string{"GET", "POST+key", "GET", "POST"}[i%4]
				requests.Go(func() {
					err := send(client, st.front.URL, kind)
					mu.Lock()
					defer mu.Unlock()
					sent[kind]++
					if err != nil {
						failed[kind]++
						t.Logf("%s: %v", kind, err)
					}
				})
			}
			requests.Wait()
			t.Logf("sent %v, failed %v", sent, failed)
			if failed["GET"]+failed["POST+key"] > 0 {
				t.Errorf("idempotent requests failed: %v", failed)
			}
			if failed["POST"] > 10 {
				t.Errorf("%d other requests failed, more than can have been under way", failed["POST"])
			}
			eventually(t, "the probes or the breaker have found out", func() bool {
				return st.saw(event.TargetDown)+st.saw(event.BreakerOpen) > 0
			})
		})
	}
}

func send(client *http.Client, url, kind string) error {
	method, key, _ := strings.Cut(kind, "+")
	request, err := http.NewRequest(method, url, nil)
	if err != nil {
		return err
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", "k")
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d, body %.100q, %w", answer.StatusCode, body, err)
	}
	return nil
}
