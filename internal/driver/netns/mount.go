package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// create makes an empty namespace and mounts it at path, unless there is one.
func create(path string) error {
	if mounted(path) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // unprivileged processes may look
		return fmt.Errorf("make network namespace: %w", err)
	}
	// A file without a mount is what a run that was killed right here has left.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o444)
	if err != nil {
		return fmt.Errorf("make network namespace: %w", err)
	}
	_ = f.Close()
	err = fresh(func() error {
		// The mount, not the thread, keeps the namespace from now on.
		return unix.Mount("/proc/thread-self/ns/net", path, "none", unix.MS_BIND, "")
	})
	if err != nil {
		return fmt.Errorf("make network namespace %s: %w", path, explain(err, "network namespaces (CONFIG_NET_NS)"))
	}
	return nil
}

// fresh runs do on a thread in a network namespace of its own, which ends with it unless
// do holds on to it.
func fresh(do func() error) error {
	return on(func() error { return unix.Unshare(unix.CLONE_NEWNET) }, do)
}

// on runs do on a thread that has moved to another network namespace.
func on(move, do func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			result <- err
			return
		}
		defer unix.Close(home) //nolint:errcheck // nothing was written
		if err = move(); err == nil {
			err = do()
		}
		// A thread that cannot go home stays locked, so that nobody else runs on it.
		if back := unix.Setns(home, unix.CLONE_NEWNET); back != nil {
			err = errors.Join(err, back)
		} else {
			runtime.UnlockOSThread()
		}
		result <- err
	}()
	return <-result
}

// mounted tells whether a namespace is mounted at path.
func mounted(path string) bool {
	var s unix.Statfs_t
	return unix.Statfs(path, &s) == nil && s.Type == unix.NSFS_MAGIC
}

// discard takes the mount and its file away. The namespace ends with its last process.
func discard(path string) error {
	for mounted(path) {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("remove network namespace %s: %w", path, explain(err, "mounts"))
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove network namespace: %w", err)
	}
	return nil
}

// explain adds to an error of the kernel what to do about it.
func explain(err error, feature string) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w: run as root (CAP_NET_ADMIN and CAP_SYS_ADMIN)", err)
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w: this kernel may lack %s", err, feature)
	}
	return err
}
