package staging

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/fact"
)

// What runs inside the namespace: the verbs of Plan.Self, and their arguments.
const (
	EnterVerb = "staging-enter" // SOCKET [PROGRAM ARGUMENT…]: [Enter]
	FetchVerb = "wal-fetch"     // SOCKET FILE PATH: [Fetch]
)

// NotStored is the exit code of a process that [Fetch] told that the repository does not have the
// file. It is none that a program ends with by accident: the server's shell makes 1 of it, which
// PostgreSQL takes for the end of the log, and 126 of every other.
const NotStored = 100

// ErrOpen means that the place of the server is not closed.
var ErrOpen = errors.New("the server would not be isolated")

// Enter tells the runner at the socket how the place is closed in which this process is, and
// becomes the program once the runner is content. Without a program it returns.
func Enter(ctx context.Context, socket string, argv []string) error {
	i, err := look()
	if err != nil {
		return fmt.Errorf("look whether the server is isolated: %w", err)
	}
	if _, err := request(ctx, socket, ask{Isolation: &i}); err != nil || len(argv) == 0 {
		return err
	}
	return fmt.Errorf("start %s: %w", argv[0], syscall.Exec(argv[0], argv, os.Environ())) //nolint:gosec // the runner says what
}

// Fetch asks the runner at the socket for a file of the log, which is to stand at the path to.
// stored is false where the repository does not have it.
func Fetch(ctx context.Context, socket, file, to string) (stored bool, err error) {
	got, err := request(ctx, socket, ask{File: file, To: to})
	if err != nil {
		return false, fmt.Errorf("fetch %s: %w", file, err)
	}
	return got.Verdict == done, nil
}

// look sees the network as this process does.
func look() (i fact.Isolation, err error) {
	if i.Namespace, err = namespace(); err != nil {
		return i, err
	}
	all, err := net.Interfaces()
	if err != nil {
		return i, err
	}
	for _, one := range all {
		name := one.Name
		if one.Flags&net.FlagUp != 0 {
			name += " up"
		}
		i.Interfaces = append(i.Interfaces, name)
	}
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_ALL, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
	i.Routes = len(routes)
	return i, err
}

// namespace is the number of this process's network namespace.
func namespace() (uint64, error) {
	var s unix.Stat_t
	if err := unix.Stat("/proc/self/ns/net", &s); err != nil {
		return 0, fmt.Errorf("which network namespace this is: %w", err)
	}
	return s.Ino, nil
}

// closed tells whether nobody can be reached from such a place, nor reach it.
func closed(i fact.Isolation) error {
	switch {
	case i.Namespace == 0 || i.Namespace == i.Host:
		return fmt.Errorf("%w: it stands in the host's network namespace", ErrOpen)
	case !slices.Equal(i.Interfaces, []string{"lo"}):
		return fmt.Errorf("%w: its network namespace has the interfaces %q, and only lo may be there, down", ErrOpen, i.Interfaces)
	case i.Routes > 0:
		return fmt.Errorf("%w: its network namespace has %d routes", ErrOpen, i.Routes)
	}
	return nil
}
