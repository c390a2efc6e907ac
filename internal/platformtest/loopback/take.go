package loopback

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// take locks a network in which nothing is. To close the file is to free it.
func take() (Network, *os.File, error) {
	dir := filepath.Join(os.TempDir(), "fournines-test-networks")
	if err := os.Mkdir(dir, 0o700); err == nil {
		// Every user of this machine takes part.
		if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil { //nolint:gosec // see above
			return 0, nil, err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return 0, nil, fmt.Errorf("loopback: %w", err)
	}
	const all = last - first + 1
	// From anywhere, so that what a test left dying is seldom met by the next.
	start := rand.IntN(all) //nolint:gosec // no secret
	for i := range all {
		n := Network(first + (start+i)%all)
		held, err := lock(filepath.Join(dir, strconv.Itoa(int(n))+".lock"))
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return 0, nil, fmt.Errorf("loopback: %w", err)
		}
		if !inUse(n) {
			return n, held, nil
		}
		_ = held.Close()
	}
	return 0, nil, fmt.Errorf("loopback: all %d networks are held by tests that run, or something listens in them: look at `ss -ltnp`, and end what tests have left", all)
}

func lock(path string) (*os.File, error) {
	// A lock needs no right to write; a file of another user gives none.
	f, err := os.Open(path) //nolint:gosec // ours
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o644) //nolint:gosec // see above
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// inUse tells whether a socket or an interface of this machine is in the network, whoever owns
// it. Where the kernel has no such tables nothing is known, and the lock must do.
func inUse(n Network) bool {
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		b, err := os.ReadFile("/proc/net/" + table)
		if err == nil && socketsIn(string(b), n) {
			return true
		}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if strings.HasPrefix(a.String(), fmt.Sprintf("10.%d.", int(n))) {
			return true
		}
	}
	return false
}

// socketsIn reads one of the kernel's tables of sockets. A local address is a hexadecimal
// number whose last byte is the first of the address, after three zeroes where it is IPv6.
func socketsIn(table string, n Network) bool {
	const timeWait = "06" // the connection is over
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 4 || f[3] == timeWait {
			continue
		}
		for _, first := range []string{"7F", "0A"} {
			if address, _, ok := strings.Cut(f[1], ":"); ok && strings.HasSuffix(address, fmt.Sprintf("%02X%s", int(n), first)) {
				return true
			}
		}
	}
	return false
}
