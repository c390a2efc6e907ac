package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/redis/rueidis"
)

const (
	countFor    = time.Minute // a server may take to load what it has, to be counted
	countSocket = "count.sock"
)

// own is what a server has on its disk, once that has been loaded.
type own struct {
	keys int64
	err  error // it could not be loaded
}

// count loads what a server has and counts it.
func (s Start) count(ctx context.Context) *own {
	keys, err := s.load(ctx)
	return &own{keys, err}
}

// load loads what a server has, in a server that nobody else reaches, and returns how many
// keys these are. It loads them as a replica does, which lets no key expire.
func (s Start) load(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, countFor)
	defer cancel()
	home, err := os.Open(s.Home)
	if err != nil {
		return 0, err
	}
	defer home.Close()                                                          //nolint:errcheck // it is only read
	_ = os.Remove(filepath.Join(s.Home, countSocket))                           // of one that was killed
	cmd := exec.CommandContext(ctx, s.Argv[0], append(slices.Clone(s.Argv[1:]), //nolint:gosec // the program that is about to be started
		"--port", "0", "--unixsocket", countSocket, "--unixsocketperm", "700", "--replicaof", "127.0.0.1", "1", "--auto-aof-rewrite-percentage", "0")...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.Home, s.Env, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // it ends with the thread that has started it
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	var died error // once it has ended
	go func() {
		died = cmd.Wait()
		close(ended)
	}()
	defer os.Remove(filepath.Join(s.Home, countSocket)) //nolint:errcheck // nobody listens there any more
	for {
		keys, err := s.counted(ctx, "/proc/self/fd/"+strconv.Itoa(int(home.Fd()))+"/"+countSocket) // a short path, as sockets need it
		if err == nil {
			cancel()
			<-ended
			return keys, nil
		}
		t := time.NewTimer(lookAgain / 10)
		select {
		case <-t.C:
		case <-ended:
			t.Stop()
			return 0, fmt.Errorf("load what redis %s has: %w; its log says why", s.Address, errors.Join(died, ctx.Err()))
		}
	}
}

// counted asks the server at a socket for its keys, once it has loaded them.
func (s Start) counted(ctx context.Context, socket string) (int64, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{countSocket}, Password: s.Password, ForceSingleClient: true, DisableRetry: true, DisableCache: true, AlwaysRESP2: true,
		DialCtxFn: func(ctx context.Context, _ string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return d.DialContext(ctx, "unix", socket)
		},
	})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	text, err := c.Do(ctx, c.B().Info().Build()).ToString()
	if err != nil {
		return 0, err
	}
	f := fields(text)
	if f["loading"] != "0" {
		return 0, errors.New("it loads")
	}
	return keysOf(f), nil
}

// leadFile is a file that a person lays to let a server lead with what it has. It counts once.
func (s Start) leadFile() string { return filepath.Join(s.Keep, "lead") }

func (s Start) ordered() bool {
	_, err := os.Stat(s.leadFile())
	return err == nil
}
