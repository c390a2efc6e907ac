package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// begin makes a journal where there is none: an empty log, a head, a checkpoint of size 0
// and keys. The signer's key comes last: a directory that has one was complete once, and is
// never begun again. A directory without a key and without entries is an interrupted
// attempt.
func (j *Journal) begin() error {
	if exists(j.dir, keyFile) || !j.blank() {
		return nil // not new: what is missing will be named
	}
	private, err := makeKeys(j.o.disk, j.dir, j.o.Origin, j.o.Key)
	if err != nil {
		return err
	}
	if j.keys, err = newKeys(j.dir, private); err != nil {
		return err
	}
	first, d := segment{dir: j.dir}, j.o.disk
	if err := d.mkdir(filepath.Join(j.dir, logDir)); err != nil {
		return here(j.dir, err)
	}
	if err := errors.Join(d.write(first.path(), nil), d.syncPath(filepath.Join(j.dir, logDir))); err != nil {
		return here(j.dir, err)
	}
	empty := acknowledged{root: tiles.EmptyRoot(), stamp: time.Unix(0, 0)}
	if err := d.replace(filepath.Join(j.dir, headFile), empty.encode()); err != nil {
		return here(j.dir, err)
	}
	if _, err := j.writeCheckpoint(0, tiles.EmptyRoot()); err != nil {
		return err
	}
	return here(j.dir, d.replace(filepath.Join(j.dir, keyFile), []byte(private+"\n")))
}

// blank tells whether the directory holds no entry, and nothing that says it ever did.
func (j *Journal) blank() bool {
	if exists(j.dir, "tile") {
		return false
	}
	if a, err := readHead(j.dir); exists(j.dir, headFile) && (err != nil || a.size > 0) {
		return false
	}
	raw, err := os.ReadFile(filepath.Join(j.dir, checkpointFile))
	if lines := strings.Split(string(raw), "\n"); exists(j.dir, checkpointFile) && (err != nil || len(lines) < 2 || lines[1] != "0") {
		return false
	}
	list, err := os.ReadDir(filepath.Join(j.dir, logDir))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	for _, f := range list {
		if info, err := f.Info(); err != nil || info.Size() > 0 {
			return false
		}
	}
	return len(list) <= 1
}

func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return !errors.Is(err, fs.ErrNotExist)
}
