package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Keeper begins, ends and looks after the leases in one directory.
type Keeper struct {
	Dir   string   // of the leases
	Guard []string // command that runs the guard; the lease's path is added
}

// Ensure makes the lease come true and tells whether it is active. With end it is
// ended before its time. Calling it again with the same lease is harmless.
func (k Keeper) Ensure(l Lease, end bool) (isActive bool, err error) {
	if err := os.MkdirAll(k.Dir, 0o755); err != nil {
		return false, fmt.Errorf("inject fault: %w", err)
	}
	now, err := readLease(leasePath(k.Dir, l.ID))
	switch {
	case errors.Is(err, fs.ErrNotExist) && (end || time.Now().After(l.Until)):
		return false, nil // it never began, and must not any more
	case errors.Is(err, fs.ErrNotExist):
		l.State = ""
		if err := writeLease(k.Dir, l); err != nil {
			return false, err
		}
	case err != nil:
		return false, err
	case now.State == ended:
		return false, nil
	}
	if end {
		if err := os.WriteFile(endPath(k.Dir, l.ID), nil, 0o600); err != nil {
			return true, fmt.Errorf("end fault: %w", err)
		}
	}
	if err := k.spawn(l.ID); err != nil {
		return false, err
	}
	return k.await(l.ID, end)
}

// await waits for the guard's word, shortly: it may have work to do. A guard that was
// just killed holds its lock until its last thread is gone, so another one is started
// again and again meanwhile, which is harmless while one lives.
func (k Keeper) await(id string, end bool) (bool, error) {
	for try := range 200 {
		if try%10 == 9 {
			if err := k.spawn(id); err != nil {
				return false, err
			}
		}
		l, err := readLease(leasePath(k.Dir, id))
		if err != nil {
			return false, err
		}
		if l.State == ended && l.Error != "" {
			return false, errors.New(l.Error)
		}
		if l.State == ended || (l.State == active && !end) {
			return l.State == active, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true, nil
}

// spawn starts a guard for the lease unless one is alive.
func (k Keeper) spawn(id string) error {
	lock, err := os.OpenFile(filepath.Join(k.Dir, id+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("start guard: %w", err)
	}
	defer lock.Close() //nolint:errcheck // the guard has its own descriptor
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil // a guard holds it
	}
	log, err := os.OpenFile(filepath.Join(k.Dir, "guard.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start guard: %w", err)
	}
	defer log.Close() //nolint:errcheck // the guard has its own descriptor
	cmd := exec.Command(k.Guard[0], append(append([]string(nil), k.Guard[1:]...), leasePath(k.Dir, id))...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = k.Dir, log, log
	cmd.ExtraFiles = []*os.File{lock} // the guard inherits the lock as descriptor 3 and holds it until it ends
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start guard: %w", err)
	}
	go cmd.Wait() //nolint:errcheck // reaps it
	return nil
}

// Sweep starts guards again for leases that have none and are not ended.
func (k Keeper) Sweep() error {
	paths, err := filepath.Glob(filepath.Join(k.Dir, "*.json"))
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range paths {
		l, err := readLease(p)
		if err != nil {
			errs = append(errs, err)
		} else if l.State != ended {
			errs = append(errs, k.spawn(strings.TrimSuffix(filepath.Base(p), ".json")))
		}
	}
	return errors.Join(errs...)
}

// Changed returns when a lease of the directory was last written or ended; zero while there
// is no directory.
func Changed(dir string) time.Time {
	s, err := os.Stat(dir)
	if err != nil {
		return time.Time{}
	}
	return s.ModTime()
}

// Active returns the leases that are not ended.
func (k Keeper) Active() ([]Lease, error) {
	paths, err := filepath.Glob(filepath.Join(k.Dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var out []Lease
	for _, p := range paths {
		if l, err := readLease(p); err == nil && l.State != ended {
			out = append(out, l)
		}
	}
	return out, nil
}
