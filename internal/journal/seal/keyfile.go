package seal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// keyFile is one subject's file: a wrapped key, or a tombstone that says when.
type keyFile struct {
	V      int       `json:"v"`
	Master string    `json:"master,omitempty"` // id of the key that wraps
	Nonce  []byte    `json:"nonce,omitempty"`
	Key    []byte    `json:"key,omitempty"`
	Erased time.Time `json:"erased,omitzero"`
}

// read reads one file of the directory.
func (d *Directory) read(name string) (keyFile, error) {
	path := filepath.Join(d.dir, name)
	b, err := d.f.Read(path)
	if err != nil {
		return keyFile{}, err
	}
	var k keyFile
	if err := json.Unmarshal(b, &k); err != nil {
		return keyFile{}, fmt.Errorf("%s is damaged (%w): restore it from a backup; erasures since then must be repeated", path, err)
	}
	if k.V != 1 || (k.Erased.IsZero() && len(k.Key) == 0) {
		return keyFile{}, fmt.Errorf("%s holds neither a key nor a tombstone of version 1: restore it from a backup", path)
	}
	return k, nil
}

func (d *Directory) write(name string, k keyFile) error {
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return durable.Replace(d.f, filepath.Join(d.dir, name), append(b, '\n'))
}

// bury finishes an erasure whose tombstone is durable. Every step may be repeated.
func (d *Directory) bury(pseudonym string) error {
	key, tombstone := filepath.Join(d.dir, pseudonym+keySuffix), filepath.Join(d.dir, pseudonym+erasingSuffix)
	if _, err := d.f.Read(tombstone); errors.Is(err, fs.ErrNotExist) {
		return nil // it was finished before
	}
	old, err := d.f.Read(key)
	switch {
	case errors.Is(err, fs.ErrNotExist): // there never was a key
	case err != nil:
		return fmt.Errorf("overwrite data key: %w", err)
	default:
		if err := d.f.Write(key, make([]byte, len(old))); err != nil {
			return fmt.Errorf("overwrite data key: %w", err)
		}
	}
	if err := d.f.Rename(tombstone, key); err != nil {
		return fmt.Errorf("place tombstone: %w", err)
	}
	return d.f.SyncDir(d.dir)
}
