package table

import (
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// disk is every operation that changes the store's directory. Tests let single ones fail
// through fault, which is asked with the operation and the path before each.
type disk struct{ fault func(op, path string) error }

func (d disk) ask(op, path string) error {
	if d.fault == nil {
		return nil
	}
	return d.fault(op, path)
}

func (d disk) create(path string) (*os.File, error) {
	if err := d.ask("create", path); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // our own directory
}

func (d disk) sync(f *os.File) error {
	if err := d.ask("sync", f.Name()); err != nil {
		return err
	}
	return f.Sync()
}

// rename gives a durable file its name, and makes that durable too.
func (d disk) rename(from, to string) error {
	if err := d.ask("rename", to); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	if err := d.ask("named", to); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (d disk) remove(path string) error {
	if err := d.ask("remove", path); err != nil {
		return err
	}
	return os.Remove(path)
}

// faulty writes to a file as far as the disk lets it.
type faulty struct {
	f *os.File
	d disk
}

func (w *faulty) Write(b []byte) (int, error) {
	if err := w.d.ask("write", w.f.Name()); err != nil {
		n, half := w.f.Write(b[:len(b)/2]) // as a disk does that is full in the middle
		return n, errors.Join(err, half)
	}
	return w.f.Write(b)
}

// both hashes what it writes.
type both struct {
	h hash.Hash
	w io.Writer
}

func (b both) Write(p []byte) (int, error) {
	n, err := b.w.Write(p)
	b.h.Write(p[:n])
	return n, err
}
