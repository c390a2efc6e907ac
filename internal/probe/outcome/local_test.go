package outcome_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/short"
	"github.com/greenlang/fournines/internal/probe/outcome"
)

// What fails in a process without descriptors is local, wherever it is noticed. It happens
// in a process of its own, because all tests of one share its descriptors.
func TestWithoutDescriptors(t *testing.T) {
	t.Parallel()
	if !short.Inside() {
		short.Run(t, "1")
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	waiting, err := net.Dial("tcp", l.Addr().String()) // in the queue of l
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	http.DefaultTransport.(*http.Transport).DisableKeepAlives = true //nolint:forcetypeassert // it is the default
	_, back := short.Exhaust(t, 64)
	for name, do := range map[string]func() error{
		"dial":   func() error { _, err := net.Dial("tcp", l.Addr().String()); return err },
		"accept": func() error { _, err := l.Accept(); return err },
		"open":   func() error { _, err := os.ReadFile(os.Args[0]); return err },
		"exec":   func() error { return exec.Command("/bin/true").Run() },
		"http": func() error {
			answer, err := http.Get("http://" + l.Addr().String())
			if err == nil {
				answer.Body.Close()
			}
			return err
		},
		"udp": func() error { _, err := net.Dial("udp", l.Addr().String()); return err },
	} {
		if err := do(); err == nil || !outcome.Local(fmt.Errorf("probe: %w", err)) {
			t.Errorf("%s: %v is not local", name, err)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
	back()
	if c, err := l.Accept(); err != nil {
		t.Errorf("the shortage is over: %v", err)
	} else {
		c.Close()
	}
}

// Each error is a real one.
func TestLocal(t *testing.T) {
	t.Parallel()
	refused := loopback.Free(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	rude := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			c.Close()
		}
	}))
	t.Cleanup(rude.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct {
		do   func() error
		want bool
	}{
		"no error": {func() error { return nil }, false},
		"an address that the machine lacks": {func() error {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}
			_, err := d.Dial("tcp", silent.Addr().String())
			return err
		}, true},
		"a broadcast without permission": {func() error {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd) //nolint:errcheck // nothing was written
			return os.NewSyscallError("connect", unix.Connect(fd, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{255, 255, 255, 255}}))
		}, true},
		"a caller that gave up": {func() error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_, err := new(net.Dialer).DialContext(ctx, "tcp", silent.Addr().String())
			return err
		}, true},
		"a file that we lack":    {func() error { _, err := os.ReadFile(filepath.Join(os.TempDir(), "fournines-none")); return err }, true},
		"a program that we lack": {func() error { return exec.Command("fournines-none").Run() }, true},
		"one of several": {func() error {
			_, first := net.Dial("tcp", refused)
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}
			_, second := d.Dial("tcp", silent.Addr().String())
			return fmt.Errorf("connect: %w", errors.Join(first, second))
		}, true},
		"nobody listens":  {func() error { _, err := net.Dial("tcp", refused); return err }, false},
		"no socket there": {func() error { _, err := net.Dial("unix", filepath.Join(os.TempDir(), "fournines-none")); return err }, false},
		"a full queue of a socket": {func() error {
			path := filepath.Join(t.TempDir(), "s")
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd) //nolint:errcheck // nothing was written
			if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: path}), unix.Listen(fd, 0)); err != nil {
				return err
			}
			for {
				c, err := net.Dial("unix", path)
				if err != nil {
					return err
				}
				defer c.Close() //nolint:revive // at most two
			}
		}, false},
		"silence": {func() error {
			c, err := net.Dial("tcp", silent.Addr().String())
			if err != nil {
				return err
			}
			defer c.Close() //nolint:errcheck // only read
			if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
				return err
			}
			_, err = c.Read(make([]byte, 1))
			return err
		}, false},
		"a deadline": {func() error {
			ctx, cancel := context.WithTimeout(context.Background(), 0)
			defer cancel()
			_, err := new(net.Dialer).DialContext(ctx, "tcp", silent.Addr().String())
			return err
		}, false},
		"an end before the answer": {func() error {
			answer, err := http.Get(rude.URL)
			if err == nil {
				answer.Body.Close()
			}
			return err
		}, false},
		"a listener that is closed": {func() error { _, err := closed.Accept(); return err }, false},
		"an end":                    {func() error { return io.EOF }, false},
		"a reset":                   {func() error { return os.NewSyscallError("read", syscall.ECONNRESET) }, false},
		"no way":                    {func() error { return os.NewSyscallError("connect", syscall.EHOSTUNREACH) }, false},
	} {
		err := c.do()
		if got := outcome.Local(err); got != c.want || (err == nil) != (name == "no error") {
			t.Errorf("%s: local=%v, want %v: %v", name, got, c.want, err)
		}
	}
}
