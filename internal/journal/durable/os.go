package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// OS is the operating system's file system.
type OS struct{}

// Make implements [Files].
func (OS) Make(dir string) error { return os.MkdirAll(dir, 0o700) }

// Read implements [Files].
func (OS) Read(path string) ([]byte, error) { return os.ReadFile(path) }

// Names implements [Files].
func (OS) Names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Write implements [Files]. It does not truncate first: where the file is longer than b
// it is cut after the new bytes stand, so that old ones are overwritten, not freed.
func (OS) Write(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Truncate(int64(len(b))); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

// Rename implements [Files].
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements [Files].
func (OS) Remove(path string) error { return os.Remove(path) }

// SyncDir implements [Files].
func (OS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Private implements [Files].
func (OS) Private(path string) error {
	s, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := s.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s holds a secret and has mode %#o: others can read it; chmod 600 it, and replace the secret if it may have been read", path, mode)
	}
	return nil
}

// Lock takes dir, made when missing, for one process alone, until the lock is closed or
// the process ends. A second owner is refused at once.
func Lock(dir string) (io.Closer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is in use by another process (%w); stop it first", dir, err), f.Close())
	}
	return f, nil
}
