package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// proxy is one process under measurement.
type proxy struct {
	name    string
	address map[mode]string
	cmd     *exec.Cmd
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
	line, err := firstLine(out)
	if err != nil {
		return nil, fmt.Errorf("start %s: it printed no address: %w", name, err)
	}
	plain, secure, _ := strings.Cut(line, " ")
	return &proxy{name: name, address: map[mode]string{h1: plain, h2c: plain, tlsH1: secure, tlsH2: secure}, cmd: cmd}, nil
}

// run starts a peer's process and waits until it listens everywhere.
func (p *proxy) run() error {
	if err := p.cmd.Start(); err != nil {
		return err
	}
	for _, address := range p.address {
		if err := reachable(address); err != nil {
			p.stop()
			return err
		}
	}
	return nil
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

// cpu returns the CPU time that a proxy has used, user and system: its process and those
// that it started, which is where nginx works.
func (p *proxy) cpu() (time.Duration, error) {
	pid := p.cmd.Process.Pid
	total, err := cpuOf(pid)
	if err != nil {
		return 0, err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return total, nil //nolint:nilerr // kernels without this list have none for us
	}
	for _, child := range strings.Fields(string(children)) {
		n, err := strconv.Atoi(child)
		if err != nil {
			return 0, err
		}
		more, err := cpuOf(n)
		if err != nil {
			return 0, err
		}
		total += more
	}
	return total, nil
}

func cpuOf(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
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
