package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Get implements [KeyStore].
func (d *Directory) Get(pseudonym string) ([]byte, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.get(pseudonym)
}

func (d *Directory) get(pseudonym string) ([]byte, error) {
	for _, suffix := range []string{erasingSuffix, keySuffix} {
		file, err := d.read(pseudonym + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !file.Erased.IsZero() {
			return nil, &ErasedError{pseudonym, file.Erased}
		}
		key, err := d.wrapper(file.Master).unwrap(pseudonym, file)
		if err != nil {
			return nil, fmt.Errorf("data key of subject %s: %w", pseudonym, err)
		}
		return key, nil
	}
	return nil, fmt.Errorf("subject %s: %w", pseudonym, ErrNoKey)
}

// wrapper returns the master key with this id, or else the present one.
func (d *Directory) wrapper(id string) master {
	if d.next != nil && d.next.id == id {
		return *d.next
	}
	return d.master
}

// Create implements [KeyStore].
func (d *Directory) Create(pseudonym string) ([]byte, error) {
	if key, err := d.Get(pseudonym); !errors.Is(err, ErrNoKey) {
		return key, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if key, err := d.get(pseudonym); !errors.Is(err, ErrNoKey) {
		return key, err // another caller was faster
	}
	key := newSecret()
	m := d.master
	if d.next != nil {
		m = *d.next
	}
	file, err := m.wrap(pseudonym, key)
	if err != nil {
		return nil, err
	}
	return key, d.write(pseudonym+keySuffix, file)
}

// Destroy implements [KeyStore]: the tombstone is durable first, then the wrapped key is
// overwritten where it stands, then the tombstone takes its place.
func (d *Directory) Destroy(pseudonym string, at time.Time) (time.Time, error) {
	if !isPseudonym(pseudonym) {
		return time.Time{}, fmt.Errorf("%q is not a pseudonym", pseudonym)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key, err := d.get(pseudonym)
	clear(key)
	var erased *ErasedError
	switch {
	case errors.As(err, &erased):
		at = erased.At
	default: // a key that is there, missing or damaged is destroyed all the same
		if err := d.write(pseudonym+erasingSuffix, keyFile{V: 1, Erased: at}); err != nil {
			return time.Time{}, err
		}
	}
	return at, d.bury(pseudonym)
}
