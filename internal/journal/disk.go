package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// disk is every operation that changes the directory. Tests let single ones fail through
// fault, which is asked with "create", "write", "sync" or "rename" before each.
type disk struct{ fault func(op, path string) error }

func (d disk) ask(op, path string) error {
	if d.fault == nil {
		return nil
	}
	return d.fault(op, path)
}

func (d disk) create(path string, flags int) (*os.File, error) {
	if err := d.ask("create", path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, flags|os.O_CREATE, 0o600)
}

func (d disk) writeAt(f *os.File, b []byte, at int64) error {
	if err := d.ask("write", f.Name()); err != nil {
		_, half := f.WriteAt(b[:len(b)/2], at) // as a disk does that is full in the middle
		return errors.Join(err, half)
	}
	_, err := f.WriteAt(b, at)
	return err
}

// datasync makes the file's bytes and length durable, but no times.
func (d disk) datasync(f *os.File) error {
	if err := d.ask("sync", f.Name()); err != nil {
		return err
	}
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// write makes a file, and asks the kernel to begin writing it to the disk; it is not
// durable before syncPath.
func (d disk) write(path string, b []byte) error {
	f, err := d.create(path, os.O_WRONLY|os.O_TRUNC)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			f, err = d.create(path, os.O_WRONLY|os.O_TRUNC)
		}
	}
	if err != nil {
		return err
	}
	err = d.writeAt(f, b, 0)
	if err == nil {
		// Only a hint, so that the later fsyncs find their work done: file systems
		// that do not know it do everything then.
		_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
	}
	return errors.Join(err, f.Close())
}

// syncPath makes a file or a directory durable.
func (d disk) syncPath(path string) error {
	if err := d.ask("sync", path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// replace makes a file's new content durable at once or not at all.
func (d disk) replace(path string, b []byte) error {
	tmp := path + ".tmp"
	if err := errors.Join(d.write(tmp, b), d.syncPath(tmp)); err != nil {
		return err
	}
	if err := d.rename(tmp, path); err != nil {
		return err
	}
	return d.syncPath(filepath.Dir(path))
}

func (d disk) rename(from, to string) error {
	if err := d.ask("rename", to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// mkdir makes the directory and those above it.
func (d disk) mkdir(path string) error {
	if err := d.ask("create", path); err != nil {
		return err
	}
	return os.MkdirAll(path, 0o700)
}

func here(dir string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("journal %s: %w", dir, err)
}
