package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// Where several servers hold one journal, each has a directory of keys, wrapped by the
// master key that they share. A server that opens none keeps copies of another server's
// files.

// PepperName names the key of pseudonyms among the copies. Without it nothing new may be
// sealed, so it is kept before all others.
const PepperName = pepperFile

// NewPepper returns a key of pseudonyms for several directories, to be kept under [PepperName].
func NewPepper() []byte { return newSecret() }

// CopyName returns the name of a subject's file among the copies.
func CopyName(pseudonym string) string { return pseudonym + keySuffix }

// Copies returns the files of a directory by their names, for another server to [Keep].
// No directory yet has none.
func Copies(dir string) (map[string][]byte, error) {
	out := map[string][]byte{}
	names, err := durable.OS{}.Names(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("copy data keys: %w", err)
	}
	for _, name := range names {
		if !copied(name) {
			continue
		}
		b, err := durable.OS{}.Read(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("copy data keys: %w", err)
		}
		out[name] = b
	}
	return out, nil
}

func copied(name string) bool {
	p, key := strings.CutSuffix(name, keySuffix)
	return name == pepperFile || key && isPseudonym(p)
}

// Keep makes a file of another directory durable in dir, which nobody has open. A
// tombstone replaces a key, whose bytes are overwritten first, and a key never a tombstone.
func Keep(dir, name string, content []byte) error {
	d := &Directory{f: durable.OS{}, dir: dir}
	if err := d.keep(name, content); err != nil {
		return fmt.Errorf("keep data key %s: %w", name, err)
	}
	return nil
}

func (d *Directory) keep(name string, content []byte) error {
	if !copied(name) {
		return errors.New("that is not the name of a key")
	}
	if err := d.f.Make(d.dir); err != nil {
		return err
	}
	path := filepath.Join(d.dir, name)
	old, err := d.f.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if name == pepperFile {
		if len(old) > 0 && !bytes.Equal(old, content) {
			return errors.New("this directory has another key of pseudonyms: its subjects are those of another journal")
		}
		return durable.Replace(d.f, path, content)
	}
	var k keyFile
	if err := json.Unmarshal(content, &k); err != nil || k.V != 1 || (k.Erased.IsZero() && len(k.Key) == 0) {
		return errors.New("these bytes hold neither a key nor a tombstone")
	}
	pseudonym := strings.TrimSuffix(name, keySuffix)
	if !k.Erased.IsZero() {
		if err := d.write(pseudonym+erasingSuffix, k); err != nil {
			return err
		}
		return d.bury(pseudonym)
	}
	if len(old) > 0 {
		var known keyFile
		if json.Unmarshal(old, &known) == nil && !known.Erased.IsZero() {
			return nil
		}
	}
	return durable.Replace(d.f, path, content)
}

// Erased tells whether a copy is a tombstone.
func Erased(content []byte) bool {
	var k keyFile
	return json.Unmarshal(content, &k) == nil && !k.Erased.IsZero()
}
