// Package whole replaces files so that whoever reads one, also after a crash or a loss of power, finds
// the old text or the new one and never a part. It imports the standard library alone.
package whole

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file at path, with exactly these permissions. One writer at a time may write a
// path. What a crash leaves beside it begins with a dot, and the next write replaces that as well.
func Write(path string, b []byte, mode fs.FileMode) error {
	next := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := lay(next, b, mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := flush(filepath.Dir(path)); err != nil { // else the name may be lost with the power
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func lay(path string, b []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode&0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = errors.Join(f.Chmod(mode), f.Sync())
	}
	return errors.Join(err, f.Close())
}

func flush(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
