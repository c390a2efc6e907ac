package gateway

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// hold is the right to be the only store of a directory.
type hold struct {
	file    *os.File
	dirty   string
	crashed bool // the one before did not end by itself
}

// claim takes the directory, waiting a little for a process that was just killed.
func claim(dir string) (*hold, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make object store: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	for end := time.Now().Add(claimPatience); ; time.Sleep(10 * time.Millisecond) {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the object store in %s is in use by another process; stop that one first: %w", dir, err), f.Close())
	}
	h := &hold{file: f, dirty: filepath.Join(dir, "serving")}
	_, err = os.Stat(h.dirty)
	h.crashed = err == nil
	if err := os.WriteFile(h.dirty, nil, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("open object store: %w", err), f.Close())
	}
	if err := syncFile(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("open object store: %w", err), f.Close())
	}
	return h, nil
}

const claimPatience = 5 * time.Second

// release gives the directory free; clean says that there is nothing to sweep.
func (h *hold) release(clean bool) error {
	var err error
	if clean {
		err = os.Remove(h.dirty)
	}
	return errors.Join(err, h.file.Close())
}
