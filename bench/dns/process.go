package main

import (
	"bufio"
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

// server is one process under measurement.
type server struct {
	name, address string
	cmd           *exec.Cmd
}

// spawnOurs starts this program as the name server.
func spawnOurs() (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-role", "ours")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("start our server: it printed no address: %w", err)
	}
	return &server{name: "fournines", address: strings.TrimSpace(line), cmd: cmd}, nil
}

const corefile = `greenlang.test:%s {
    bind 127.0.0.1
    multisocket
    file %s
}
`

const zone = `$ORIGIN greenlang.test.
@   30 IN SOA ns hostmaster 1 300 60 86400 30
@   300 IN NS ns
ns  300 IN A 127.1.0.1
api 5 IN A 127.1.0.1
`

// spawnCoreDNS starts CoreDNS in the foreground on a free port.
func spawnCoreDNS(program, dir string) (*server, error) {
	address, err := free()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	zoneFile, conf := filepath.Join(dir, "zone"), filepath.Join(dir, "Corefile")
	if err := os.WriteFile(zoneFile, []byte(zone), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(conf, fmt.Appendf(nil, corefile, port, zoneFile), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "-conf", conf, "-quiet")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{name: "coredns", address: address, cmd: cmd}
	if err := reachable(address); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// reachable waits until something listens; the TCP socket opens with that of UDP.
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

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	_ = s.cmd.Wait()
}

// ticks is the kernel's USER_HZ, which is 100 on every Linux port Go runs on.
const ticks = 100

// cpu returns the CPU time the process has used, user and system.
func (s *server) cpu() (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
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
