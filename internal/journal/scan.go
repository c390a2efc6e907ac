package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const logFile = "log"

// DamageError is a journal whose bytes are not what was acknowledged.
type DamageError struct {
	Dir    string
	Index  uint64 // first entry that is not as it was
	Detail string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("journal %s is damaged at entry %d: %s; keep the directory as evidence and restore it from a copy", e.Dir, e.Index, e.Detail)
}

// scan is what a walk over the whole log found.
type scan struct {
	tree    *tree
	offsets []int64 // start of each frame
	end     int64   // end of the last whole frame
	torn    int     // bytes behind end that were never acknowledged
}

// walk checks the whole log from its first byte.
func walk(dir string) (*scan, error) {
	b, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	acknowledged, known, err := readHead(dir)
	if err != nil {
		return nil, err
	}
	s := &scan{tree: newTree()}
	for rest := b; len(rest) > 0; {
		payload, next, err := nextFrame(rest)
		if err != nil {
			if hasFrame(rest[1:]) {
				return nil, &DamageError{dir, uint64(len(s.offsets)), "its bytes do not match their checksum"}
			}
			s.torn = len(rest)
			break
		}
		if err := s.add(dir, payload, acknowledged, known); err != nil {
			return nil, err
		}
		rest = next
	}
	if size := uint64(len(s.offsets)); known && acknowledged.Size > size {
		return nil, &DamageError{dir, size, fmt.Sprintf("the log ends here, and %d entries were acknowledged", acknowledged.Size)}
	}
	return s, nil
}

func (s *scan) add(dir string, payload []byte, acknowledged Head, known bool) error {
	index := uint64(len(s.offsets))
	r, err := decode(payload)
	if err != nil {
		return &DamageError{dir, index, "it is not an entry: " + err.Error()}
	}
	if r.Index != index {
		return &DamageError{dir, index, fmt.Sprintf("entry %d stands in its place", r.Index)}
	}
	if err := s.tree.add(r.Hash); err != nil {
		return err
	}
	s.offsets = append(s.offsets, s.end)
	s.end += int64(frameHeader + len(payload))
	if !known || acknowledged.Size != index+1 {
		return nil
	}
	head, err := s.tree.head()
	if err != nil {
		return err
	}
	if head.Root != acknowledged.Root {
		return &DamageError{dir, index, fmt.Sprintf("the tree over the first %d entries is %.16s…, %.16s… was acknowledged: an entry up to here was replaced",
			head.Size, head.Root, acknowledged.Root)}
	}
	return nil
}

// Verify checks the journal in dir from its first byte and returns its head.
// It takes no lock and works beside a running server: entries that are still
// being written count as not there yet.
func Verify(dir string) (Head, error) {
	if _, err := os.Stat(filepath.Join(dir, logFile)); err != nil {
		return Head{}, fmt.Errorf("verify journal: %w", err)
	}
	s, err := walk(dir)
	if err != nil {
		return Head{}, err
	}
	return s.tree.head()
}
