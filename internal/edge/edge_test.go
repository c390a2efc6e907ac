package edge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

func backend(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func saying(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) }
}

func get(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func api(version uint64, listen string, targets ...string) edge.Config {
	s := edge.HTTPService{Name: "api", Listen: listen}
	for i, address := range targets {
		s.Targets = append(s.Targets, edge.Target{Name: fmt.Sprint("t", i), Address: address})
	}
	return edge.Config{Version: version, Region: "us-east-1", HTTP: []edge.HTTPService{s}}
}

func start(t *testing.T, dir string) *edge.Edge {
	t.Helper()
	e := edge.New(edge.Options{Dir: dir})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

// released waits until nobody holds a listener's address: a program that another test of this process
// starts holds all listeners until it has begun.
func released(t *testing.T, address string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		l, err := net.Listen("tcp", address)
		if err == nil {
			_ = l.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s is still held: %v", address, err)
		}
	}
}

// TestLastConfiguration: a new process serves from the disk, with nobody to
// tell it anything.
func TestLastConfiguration(t *testing.T) {
	t.Parallel()
	dir, listen := t.TempDir(), loopback.Free(t)
	first := start(t, dir)
	if r := first.Report(); r.Version != 0 || !r.Running {
		t.Fatalf("an empty edge reports %+v", r)
	}
	if err := first.Apply(api(7, listen, backend(t, saying("hello")))); err != nil {
		t.Fatal(err)
	}
	if got := get(t, listen); got != "hello" {
		t.Fatal(got)
	}
	first.Stop()
	first.Stop()
	released(t, listen)
	second := edge.New(edge.Options{Dir: dir})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- second.Run(ctx) }()
	for second.Report().Version != 7 || !second.Report().Running {
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	if got := get(t, listen); got != "hello" {
		t.Fatal(got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// TestRefusals: whatever is wrong, what runs goes on and the disk keeps it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	dir, listen := t.TempDir(), loopback.Free(t)
	e := start(t, dir)
	target := backend(t, saying("hello"))
	if err := e.Apply(api(7, listen, target)); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "edge.json"))
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	unbindable := api(8, listen, target)
	unbindable.HTTP = append(unbindable.HTTP, edge.HTTPService{Name: "other", Listen: taken.Addr().String(), Targets: unbindable.HTTP[0].Targets})
	cases := []struct {
		name   string
		config edge.Config
		want   string
	}{
		{"invalid", api(8, listen), "has no targets"},
		{"older", api(6, listen, target), "already has a newer configuration"},
		{"unbindable", unbindable, `bind listener of service "other" on ` + taken.Addr().String()},
	}
	for _, c := range cases {
		if err := e.Apply(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
		if got := get(t, listen); got != "hello" || e.Report().Version != 7 {
			t.Errorf("%s: the running configuration was touched", c.name)
		}
	}
	if err := e.Apply(api(6, listen, target)); !errors.Is(err, edge.ErrOlder) {
		t.Errorf("got %v", err)
	}
	after, err := os.ReadFile(filepath.Join(dir, "edge.json"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the disk was touched: %v", err)
	}
}

// TestDamaged: a damaged file is refused by name, not served in part.
func TestDamaged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "edge.json"), []byte(`{"version":1,"htt`), 0o600); err != nil {
		t.Fatal(err)
	}
	err := edge.New(edge.Options{Dir: dir}).Start()
	if err == nil || !strings.Contains(err.Error(), "edge.json") {
		t.Fatalf("got %v", err)
	}
}

// TestSwitch: requests under way end with the target they began with, new ones
// go to the new one, and the listener never closes.
func TestSwitch(t *testing.T) {
	t.Parallel()
	listen := loopback.Free(t)
	e := start(t, t.TempDir())
	arrived, finish := make(chan bool), make(chan bool)
	old := backend(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- true
		<-finish
		fmt.Fprint(w, "old")
	})
	if err := e.Apply(api(1, listen, old)); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", listen) // stays open over the switch
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := make(chan string)
	go func() {
		answer, err := http.Get("http://" + listen)
		if err != nil {
			body <- err.Error()
			return
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		body <- fmt.Sprint(string(text), err)
	}()
	<-arrived
	if err := e.Apply(api(2, listen, backend(t, saying("new")))); err != nil {
		t.Fatal(err)
	}
	if got := get(t, listen); got != "new" {
		t.Fatal(got)
	}
	close(finish)
	if got := <-body; got != "old<nil>" {
		t.Fatalf("the request under way ended with %q", got)
	}
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasSuffix(string(answer), "new") {
		t.Fatalf("the old connection got %q, %v", answer, err)
	}
	// The service moves to another address: the old one closes.
	moved := loopback.Free(t)
	if err := e.Apply(api(3, moved, backend(t, saying("moved")))); err != nil {
		t.Fatal(err)
	}
	if got := get(t, moved); got != "moved" {
		t.Fatal(got)
	}
	for {
		conn, err := net.Dial("tcp", listen)
		if err != nil {
			break
		}
		conn.Close()
	}
}

// TestResume: a reader goes on where it stopped, over a restart as well.
func TestResume(t *testing.T) {
	t.Parallel()
	dir, listen := t.TempDir(), loopback.Free(t)
	e := start(t, dir)
	if err := e.Apply(api(1, listen, backend(t, saying("x")))); err != nil {
		t.Fatal(err)
	}
	get(t, listen)
	var r edge.Report
	for len(r.Seconds) == 0 {
		r = e.Report()
	}
	last, event := r.Seconds[len(r.Seconds)-1].Seq, r.Events[len(r.Events)-1].Seq
	if again := e.ReportSince(last, event); len(again.Events) != 0 || (len(again.Seconds) > 0 && again.Seconds[0].Seq != last+1) {
		t.Fatalf("resumed with %+v", again)
	}
	e.Stop()
	next := start(t, dir)
	if err := next.Apply(api(2, listen, backend(t, saying("y")))); err != nil {
		t.Fatal(err)
	}
	if after := next.ReportSince(last, event); len(after.Events) == 0 {
		t.Fatal("the events of the restarted edge are hidden from the reader")
	}
}

// TestTCP: sessions outlast a new configuration, and so do fences.
func TestTCP(t *testing.T) {
	t.Parallel()
	node, witness := redis(t)
	c := edge.Config{Version: 1, TCP: []edge.TCPService{{
		Name: "cache", Listen: loopback.Free(t), Protocol: "redis", Master: "main",
		Members: []edge.Member{{Name: "a", Address: node, Witness: witness}},
	}}}
	e := start(t, t.TempDir())
	if err := e.Apply(c); err != nil {
		t.Fatal(err)
	}
	session, err := net.Dial("tcp", c.TCP[0].Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	ping := func() error {
		if err := session.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			return err
		}
		if _, err := io.WriteString(session, "*1\r\n$4\r\nPING\r\n"); err != nil {
			return err
		}
		_, err := io.ReadFull(session, make([]byte, len("+PONG\r\n")))
		return err
	}
	if err := ping(); err != nil {
		t.Fatal(err)
	}
	second := c
	second.Version, second.TCP = 2, []edge.TCPService{c.TCP[0]}
	second.TCP[0].Policy.Wait = edge.Duration(time.Second)
	if err := e.Apply(second); err != nil {
		t.Fatal(err)
	}
	if err := ping(); err != nil {
		t.Fatalf("the session did not outlast the configuration: %v", err)
	}
	if n, err := e.Cut("cache", "a", "test"); err != nil || n != 1 {
		t.Fatalf("cut %d, %v", n, err)
	}
	if err := ping(); err == nil {
		t.Fatal("the session outlasted the fence")
	}
	third := second
	third.Version, third.TCP = 3, []edge.TCPService{second.TCP[0]}
	third.TCP[0].Policy.Wait = edge.Duration(2 * time.Second)
	if err := e.Apply(third); err != nil {
		t.Fatal(err)
	}
	if r := e.Report(); !r.TCP[0].Members[0].Fenced {
		t.Fatalf("the fence did not outlast the configuration: %+v", r.TCP[0])
	}
	if err := e.Hold("nothing", time.Second); !errors.Is(err, edge.ErrUnknown) {
		t.Fatalf("got %v", err)
	}
}

// redis is a master and a Sentinel that names it.
func redis(t *testing.T) (node, witness string) {
	t.Helper()
	serve := func(answer func(line string) string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					buf := make([]byte, 4096)
					for {
						n, err := conn.Read(buf)
						if err != nil {
							return
						}
						if _, err := io.WriteString(conn, answer(string(buf[:n]))); err != nil {
							return
						}
					}
				}()
			}
		}()
		return l.Addr().String()
	}
	node = serve(func(line string) string {
		if strings.Contains(line, "ROLE") {
			return "*1\r\n$6\r\nmaster\r\n"
		}
		return "+PONG\r\n"
	})
	host, port, err := net.SplitHostPort(node)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("*2\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(host), host, len(port), port)
	epoch := "*2\r\n$12\r\nconfig-epoch\r\n$1\r\n1\r\n"
	witness = serve(func(lines string) string {
		out := ""
		if strings.Contains(lines, "GET-MASTER") {
			out += address
		}
		if strings.Contains(lines, "$6\r\nMASTER\r\n") {
			out += epoch
		}
		return out
	})
	return node, witness
}
