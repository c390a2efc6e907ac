package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// loadSegments finds the frames of every segment, and cuts a torn tail off the newest.
// least is what the log must hold, for it was acknowledged or published.
func (j *Journal) loadSegments(least uint64) error {
	list, err := listSegments(j.dir)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(list) == 0) {
		return &DamageError{j.dir, 0, Missing, "no segment of the log is there"}
	}
	if err != nil {
		return err
	}
	if list[0].first != 0 {
		return &DamageError{j.dir, 0, Missing, "the log's first segment is gone"}
	}
	for i, s := range list[:len(list)-1] {
		if err := s.loadSealed(j.o.disk, list[i+1].first); err != nil {
			return err
		}
	}
	newest := list[len(list)-1]
	torn, err := newest.scan()
	if err != nil {
		return err
	}
	if err := judgeTail(j.dir, newest.next(), least, torn); err != nil {
		return err
	}
	f, err := j.o.disk.create(newest.path(), os.O_RDWR)
	if err != nil {
		return here(j.dir, err)
	}
	j.segments, j.committer.file = list, f
	if len(torn) > 0 {
		err = f.Truncate(newest.end)
	}
	// Entries that a killed process wrote and did not sync are kept, so they must be
	// durable first.
	return here(j.dir, errors.Join(err, j.o.disk.datasync(f)))
}

// judgeTail tells a torn tail, which was never acknowledged, from damage. end is the
// index behind the last whole frame, rest what is behind it.
func judgeTail(dir string, end, least uint64, rest []byte) error {
	switch {
	case len(rest) > 0 && (hasFrame(rest[1:]) || (end < least && len(rest) >= frameHeader && !cutShort(rest))):
		return &DamageError{dir, end, BitRot, "its bytes do not match their checksum"}
	case end < least:
		return &DamageError{dir, end, Truncated, fmt.Sprintf("the log ends here, and %d entries were acknowledged", least)}
	}
	return nil
}

// cutShort tells whether rest is the beginning of a frame that goes on behind it.
func cutShort(rest []byte) bool {
	_, _, err := splitFrame(rest)
	return err != nil
}
