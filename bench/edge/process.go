package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// proxy is one process under measurement.
type proxy struct {
	name, address string
	cmd           *exec.Cmd
}

// spawn starts this program in a role.
func spawn(name string, args ...string) (*proxy, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	address, err := firstLine(out)
	if err != nil {
		return nil, fmt.Errorf("start %s: it printed no address: %w", name, err)
	}
	return &proxy{name: name, address: address, cmd: cmd}, nil
}

const haproxyConfig = `global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    option http-keep-alive
    option forwardfor
    http-reuse always
frontend front
    bind %s
    default_backend back
backend back
    option httpchk GET /healthz
    server a %s check inter 10s fall 3 rise 2
`

// spawnHAProxy starts HAProxy in the foreground on a free port.
func spawnHAProxy(o options, dir, upstream string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	l.Close()
	path := filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(path, fmt.Appendf(nil, haproxyConfig, address, upstream), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(o.haproxy, "-db", "-f", path)
	cmd.Stderr = os.Stderr
	if o.libraries != "" {
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+o.libraries)
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &proxy{name: "haproxy", address: address, cmd: cmd}
	if err := reachable(address); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// reachable waits until something listens.
func reachable(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", address, err)
		case <-tick.C:
		}
	}
}

func (p *proxy) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	_ = p.cmd.Wait()
}

// ticks is the kernel's USER_HZ, which is 100 on every Linux port Go runs on.
const ticks = 100

// cpu returns the CPU time a process has used, user and system.
func (p *proxy) cpu() (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), ") ") // the name may hold blanks
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("read cpu time: %d fields in /proc stat", len(fields))
	}
	total := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return time.Duration(total) * time.Second / ticks, nil
}
