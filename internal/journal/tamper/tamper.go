// Package tamper changes copies of a journal's directory, as bit rot, a careless hand or an
// attacker with access to the disk would: it is how tests and the drill journal-tamper
// show that every change is found (row 7.8.5). Never point it at a journal that is in use.
package tamper

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Change is one way to change a file.
type Change struct {
	Name string
	Logs bool // it changes segments of the log only
	// bytes returns the changed content; the same when what was drawn changes nothing.
	bytes func(r *rand.Rand, b []byte) []byte
}

// Changes returns every way. Remove is the one that leaves no file.
func Changes() []Change {
	return []Change{
		{"flip", false, flip}, {"truncate", false, truncate}, {"zero", false, zero}, {"double", false, double},
		{"remove", false, nil}, {"swap", true, swap}, {"forge", true, forge},
	}
}

// Do changes the file name, below dir, and tells whether anything is different now. The
// file is replaced, so a hard link to it elsewhere keeps the old content.
func (c Change) Do(r *rand.Rand, dir, name string) (bool, error) {
	path := filepath.Join(dir, name)
	old, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("tamper with %s: %w", name, err)
	}
	if len(old) == 0 || (c.Logs && !strings.HasSuffix(name, ".seg")) {
		return false, nil
	}
	if c.bytes == nil {
		return true, os.Remove(path)
	}
	b := c.bytes(r, bytes.Clone(old))
	if bytes.Equal(b, old) {
		return false, nil
	}
	if err := os.WriteFile(path+".tampered", b, 0o600); err != nil {
		return false, fmt.Errorf("tamper with %s: %w", name, err)
	}
	return true, os.Rename(path+".tampered", path)
}

// Files returns the files of a journal that hold something, below dir, but not its lock.
func Files(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		out = append(out, name)
		return err
	})
	return out, err
}

func flip(r *rand.Rand, b []byte) []byte {
	b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	return b
}

func truncate(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }

func zero(r *rand.Rand, b []byte) []byte {
	i := r.IntN(len(b))
	clear(b[i:min(len(b), i+512)])
	return b
}

func double(r *rand.Rand, b []byte) []byte {
	i := r.IntN(len(b))
	return slices.Insert(b, i, b[i])
}

// frameHead is what comes before an entry in a segment: its length and its checksum.
const frameHead = 8

// frames returns where each frame of a segment begins, and where the last one ends.
func frames(b []byte) []int {
	at := []int{0}
	for i := 0; i+frameHead <= len(b); {
		i += frameHead + int(binary.LittleEndian.Uint32(b[i:]))
		if i > len(b) {
			break // a torn tail
		}
		at = append(at, i)
	}
	return at
}

// swap swaps two adjacent frames, each with its checksum.
func swap(r *rand.Rand, b []byte) []byte {
	at := frames(b)
	if len(at) < 3 {
		return b
	}
	i := r.IntN(len(at) - 2)
	return slices.Concat(b[:at[i]], b[at[i+1]:at[i+2]], b[at[i]:at[i+1]], b[at[i+2]:])
}

// forge replaces an entry with another of the same length, with the right checksum.
func forge(r *rand.Rand, b []byte) []byte {
	at := frames(b)
	if len(at) < 2 {
		return b
	}
	i := r.IntN(len(at) - 1)
	entry := b[at[i]+frameHead : at[i+1]]
	if len(entry) < 3 {
		return b
	}
	entry[len(entry)-3] ^= 1
	binary.LittleEndian.PutUint32(b[at[i]+4:], crc32.Checksum(entry, crc32.MakeTable(crc32.Castagnoli)))
	return b
}
