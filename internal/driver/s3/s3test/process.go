package s3test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// env tells a test binary that it is to be a gateway; it holds the options as JSON. The
// keys are a test's own.
const env = "FOURNINES_S3TEST_GATEWAY"

// readyFD is where the gateway says that it answers.
const readyFD = 3

// Main runs the tests of a package, or the gateway that one of them has started: there
// can be only one in a process, and only a process can be killed.
func Main(m *testing.M) {
	options := os.Getenv(env)
	if options == "" {
		os.Exit(m.Run())
	}
	if err := serve(options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(options string) error {
	var o gateway.Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return err
	}
	o.Ready = func() {
		f := os.NewFile(readyFD, "ready")
		_, _ = f.WriteString("ready\n") // a parent that does not hear it says so
		_ = f.Close()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // ends with the test, also when that is killed
		_, _ = os.Stdin.Read(make([]byte, 1))
		cancel()
	}()
	g, err := gateway.Start(ctx, o)
	if err != nil {
		return err
	}
	return g.Wait()
}

// Gateway is a gateway in a process of its own.
type Gateway struct {
	Options gateway.Options
	program string // the test's own binary, or a copy that another user may run
	user    int    // -1: the test's own
	cmd     *exec.Cmd
	ended   chan error
}

// Start runs a gateway over dir until the test ends. change may alter its options.
func Start(t testing.TB, dir string, change func(*gateway.Options)) *Gateway {
	t.Helper()
	o := gateway.Options{Dir: dir, Listen: loopback.Free(t), AccessKey: "tester", SecretKey: secret()}
	if change != nil {
		change(&o)
	}
	g := &Gateway{Options: o, program: os.Args[0], user: -1}
	g.Begin(t)
	t.Cleanup(func() { _ = g.Kill() })
	return g
}

// StartAs runs a gateway as another user, from a copy of the test's binary; it needs root.
func StartAs(t testing.TB, dir, program string, user int) *Gateway {
	t.Helper()
	g := &Gateway{Options: gateway.Options{Dir: dir, Listen: loopback.Free(t), AccessKey: "tester", SecretKey: secret()}, program: program, user: user}
	g.Begin(t)
	t.Cleanup(func() { _ = g.Kill() })
	return g
}

// Begin starts the process, again if it was killed, and returns when it answers.
func (g *Gateway) Begin(t testing.TB) {
	t.Helper()
	b, err := json.Marshal(struct {
		gateway.Options
		Ready any `json:"Ready,omitempty"`
	}{Options: g.Options})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer // read after the process has ended
	cmd := exec.Command(g.program)
	cmd.Dir = "/"
	if g.user >= 0 {
		id := uint32(g.user) //nolint:gosec // user ids are small
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	}
	cmd.Env = append(os.Environ(), env+"="+string(b))
	cmd.Stdout, cmd.Stderr = &log, &log
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	ready, child, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ready.Close() //nolint:errcheck // only read
	cmd.ExtraFiles = []*os.File{child}
	err = errors.Join(cmd.Start(), child.Close())
	if err != nil {
		t.Fatal(err)
	}
	g.cmd, g.ended = cmd, make(chan error, 1)
	go func() { g.ended <- cmd.Wait() }()
	if err := ready.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n, err := ready.Read(make([]byte, 8)); n == 0 {
		_ = g.Kill()
		t.Fatalf("the gateway does not answer: %v\n%s", err, log.String())
	}
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (g *Gateway) Kill() error { return g.end(syscall.SIGKILL) }

// PID is the process that runs now.
func (g *Gateway) PID() int { return g.cmd.Process.Pid }

func (g *Gateway) end(sig syscall.Signal) error {
	if err := g.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := <-g.ended
	g.ended <- err
	return nil
}

// Open returns a client of a bucket, straight or through a proxy at another address.
func (g *Gateway) Open(t testing.TB, bucket string, change func(*s3.Options)) *s3.Store {
	t.Helper()
	o := s3.Options{
		Endpoint: "http://" + g.Options.Listen, Bucket: bucket, Region: gateway.Region,
		Credentials: s3.Credentials{AccessKey: g.Options.AccessKey, SecretKey: g.Options.SecretKey},
	}
	if g.Options.TLS {
		o.Endpoint, o.CAFile = "https://"+g.Options.Listen, filepath.Join(g.Options.Dir, gateway.AuthorityFile)
	}
	if change != nil {
		change(&o)
	}
	s, err := s3.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func secret() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)
}
