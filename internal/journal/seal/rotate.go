package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// Rotate replaces the master key and wraps every data key anew. Sealed values stay as
// they are, and the store is used meanwhile: the lock is held for one key at a time. At
// the end the old master key is overwritten, so that copies of wrapped keys that are left
// anywhere can no longer be unwrapped. After an error, or a crash, the next Rotate or
// open finishes the same rotation, and every key can be read until then.
func (d *Directory) Rotate() error {
	d.rotating.Lock()
	defer d.rotating.Unlock()
	if err := d.beginRotation(); err != nil {
		return fmt.Errorf("rotate master key: %w", err)
	}
	if err := d.finishRotation(); err != nil {
		return fmt.Errorf("rotate master key: %w; every key can still be read, repeat it", err)
	}
	return nil
}

// beginRotation makes the next master key durable, unless an interrupted rotation has.
func (d *Directory) beginRotation() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	path := d.path + nextSuffix
	key, err := readSecret(d.f, path)
	if errors.Is(err, fs.ErrNotExist) {
		key = newSecret()
		err = durable.Replace(d.f, path, key)
	}
	if err != nil {
		return err
	}
	next := newMaster(key)
	d.next = &next
	return nil
}

// openMaster reads the master key and finishes a rotation that was begun.
func (d *Directory) openMaster(fresh bool) error {
	_, err := d.f.Read(d.path + nextSuffix)
	switch {
	case err == nil:
		old, err := d.f.Read(d.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		d.master = newMaster(old) // may be half overwritten: then no data key needs it
		return d.Rotate()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	key, err := ensureSecret(d.f, d.path, fresh)
	if err != nil {
		return err
	}
	d.master = newMaster(key)
	return nil
}

// finishRotation wraps what the old master key still wraps, and then destroys it.
func (d *Directory) finishRotation() error {
	names, err := d.f.Names(d.dir)
	if err != nil {
		return err
	}
	for _, pseudonym := range subjects(names, keySuffix) {
		if err := d.rewrap(pseudonym); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	// The old bytes are to go, and the new key is to stand in one place only.
	if err := d.f.Write(d.path, make([]byte, keySize)); err != nil {
		return err
	}
	if err := d.f.Rename(d.path+nextSuffix, d.path); err != nil {
		return err
	}
	d.master, d.next = *d.next, nil
	return d.f.SyncDir(filepath.Dir(d.path))
}

// rewrap moves one data key to the next master key, unless it is there already, is a
// tombstone or is about to be one.
func (d *Directory) rewrap(pseudonym string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.f.Read(filepath.Join(d.dir, pseudonym+erasingSuffix)); err == nil {
		return nil
	}
	file, err := d.read(pseudonym + keySuffix)
	if err != nil {
		return err
	}
	if !file.Erased.IsZero() || file.Master == d.next.id {
		return nil
	}
	key, err := d.master.unwrap(pseudonym, file)
	if err != nil {
		return fmt.Errorf("data key of subject %s: %w", pseudonym, err)
	}
	defer clear(key)
	if file, err = d.next.wrap(pseudonym, key); err != nil {
		return err
	}
	return d.write(pseudonym+keySuffix, file)
}
