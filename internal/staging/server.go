package staging

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// inside is a process in a network namespace of its own, which the kernel kills when we die.
type inside struct {
	cmd    *exec.Cmd
	log    string
	exited chan struct{}
	err    error // why it ended; after exited
}

// enter starts Plan.Self in a namespace, which becomes the program once it is known to be isolated.
func (p Plan) enter(socket string, program ...string) (*inside, error) {
	argv := append(slices.Clone(p.Self), EnterVerb, socket)
	if len(program) > 0 {
		argv = append(append(argv, "--"), program...)
	}
	s := &inside{cmd: exec.Command(argv[0], argv[1:]...), log: filepath.Join(p.Dir, "server.log"), exited: make(chan struct{})} //nolint:gosec // our own program
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the process has its own descriptor
	s.cmd.Dir = p.Dir // by which whoever clears the directory finds it
	s.cmd.Env = append(slices.Clone(p.Env), "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME="+p.Dir)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	a := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: syscall.CLONE_NEWNET}
	if uid, gid := os.Getuid(), os.Getgid(); uid == 0 {
		a.Credential = &syscall.Credential{Uid: uint32(p.UID), Gid: uint32(p.GID)} //nolint:gosec // ids are small
	} else { // without privileges, only in a namespace of users as well
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
	s.cmd.SysProcAttr = a
	started := make(chan error)
	go func() {
		// The kernel kills the process when the thread ends that has started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%w: start a process in a network namespace of its own: %w; the kernel must allow namespaces of users, or start the run as root", ErrOpen, err)
	}
	return s, nil
}

// ended returns why it has ended, or nil while it runs.
func (s *inside) ended() error {
	select {
	case <-s.exited:
	default:
		return nil
	}
	if text := lastFailure(s.log); text != "" {
		return fmt.Errorf("the server has ended: %s", text)
	}
	if s.err != nil {
		return fmt.Errorf("the server has ended: %w", s.err)
	}
	return errors.New("the server has ended by itself")
}

// stop asks the server to end cleanly, and waits until it has.
func (s *inside) stop(ctx context.Context, within time.Duration) error {
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the server: %w", err)
	}
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-s.exited:
	case <-ctx.Done():
		return fmt.Errorf("stop the server: %w", context.Cause(ctx))
	case <-late.C:
		return fmt.Errorf("the server has not stopped within %s", within)
	}
	if s.err != nil {
		return fmt.Errorf("stop the server: %w", s.ended())
	}
	return nil
}

// kill ends it at once. Its children are ended with the directory.
func (s *inside) kill() {
	_ = s.cmd.Process.Kill() // fails only when it is gone
	<-s.exited
}

// server is the command line of the restored server. What it says stands above every file of the
// configuration that came with the backup.
func (p Plan) server(socket, rules string) []string {
	argv := []string{filepath.Join(p.Bin, "postgres"), "-D", p.data()}
	for _, setting := range [][2]string{
		{"listen_addresses", ""}, {"unix_socket_directories", p.Dir}, {"unix_socket_permissions", "0700"}, {"unix_socket_group", ""}, {"port", port},
		{"hba_file", rules}, {"ssl", "off"}, {"external_pid_file", ""},
		{"restore_command", p.restoreCommand(socket)}, {"recovery_end_command", ""}, {"archive_cleanup_command", ""},
		{"archive_mode", "off"}, {"archive_command", ""}, {"primary_conninfo", ""}, {"primary_slot_name", ""}, {"synchronous_standby_names", ""},
		{"max_logical_replication_workers", "0"},
		{"shared_preload_libraries", ""}, {"session_preload_libraries", ""}, {"local_preload_libraries", ""},
		{"hot_standby", "off"}, // whoever is let in finds it promoted; and it needs no room for the primary's connections
		{"restart_after_crash", "off"}, {"autovacuum", "off"},
		{"shared_buffers", "128MB"}, {"huge_pages", "off"}, // it may stand beside the server that it is a copy of
		{"logging_collector", "off"}, {"log_destination", "stderr"}, {"log_line_prefix", "%m [%p] "}, {"log_statement", "none"}, {"log_min_duration_statement", "-1"}, {"lc_messages", "C"},
	} {
		argv = append(argv, "-c", setting[0]+"="+setting[1])
	}
	return argv
}

// restoreCommand is what the server's shell runs for each file of the log. Whatever goes wrong, also
// that our program is not there or is another, ends with 126: the server stops then.
func (p Plan) restoreCommand(socket string) string {
	words := make([]string, 0, len(p.Self)+2)
	for _, w := range append(slices.Clone(p.Self), FetchVerb, socket) {
		words = append(words, "'"+strings.NewReplacer("'", `'\''`, "%", "%%").Replace(w)+"'")
	}
	return strings.Join(words, " ") + fmt.Sprintf(` "%%f" "%%p"; case $? in 0) exit 0;; %d) exit 1;; esac; exit 126`, NotStored)
}
