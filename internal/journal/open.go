package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Open opens the journal in dir, made when missing, and locks it against a second
// writer. It reads the tiles' right edge, the sparse indexes and the newest segment, and
// what is behind the last checkpoint; [Verify] reads the rest. Bytes that are not as
// they were acknowledged are refused with a [DamageError].
func (o Options) Open(dir string) (*Journal, error) {
	o = o.filled()
	kinds, err := kindsByName(o.Kinds)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := o.disk.mkdir(dir); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := refuseEarlier(dir); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	j := &Journal{
		dir: dir, o: o, kinds: kinds, lock: lock, tree: tiles.NewTree(tiles.Dir(dir)),
		requests: make(chan *request, maxGroup), stopped: make(chan struct{}), grown: make(chan struct{}),
		asked: make(chan chan error), finished: make(chan struct{}),
	}
	if err := j.load(); err != nil {
		return nil, errors.Join(err, j.files.close(), lock.Close())
	}
	go j.commit()
	go j.publish()
	return j, nil
}

// refuseEarlier refuses the layout of earlier versions, a single file named log.
func refuseEarlier(dir string) error {
	info, err := os.Stat(filepath.Join(dir, logDir))
	if err == nil && info.Mode().IsRegular() {
		return fmt.Errorf("journal %s is of an earlier version, which kept one file named log; move the directory away and keep it: the version that wrote it still reads it", dir)
	}
	return nil
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w; the server needs to write there", err)
	}
	for tries := lockTries; ; tries-- {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if tries == 0 {
			return nil, errors.Join(fmt.Errorf("journal %s is in use by another server (%w); stop it first", dir, err), f.Close())
		}
		time.Sleep(lockPause)
	}
}

// A lock outlives its holder for a moment: a process that the holder was just starting
// has it too, until it becomes another program.
const (
	lockTries = 50
	lockPause = 20 * time.Millisecond
)

func (j *Journal) load() error {
	if err := j.begin(); err != nil {
		return err
	}
	var err error
	if j.keys, err = readKeys(j.dir); err != nil {
		return err
	}
	if err := j.keys.match(j.dir, j.o.Key); err != nil {
		return err
	}
	c, raw, err := readCheckpoint(j.dir, j.keys.verifier)
	if err != nil {
		return err
	}
	j.checkpoint, j.published = raw, c.Size
	known, err := readHead(j.dir)
	if err != nil {
		return err
	}
	edge, err := loadEdge(j.dir, c)
	if err != nil {
		return err
	}
	if err := j.loadSegments(max(c.Size, known.size)); err != nil {
		return err
	}
	return j.replay(edge, c, known)
}

// loadEdge reads the right edge of the tree, which must have the checkpoint's root.
func loadEdge(dir string, c tiles.Checkpoint) (*tiles.Edge, error) {
	edge, err := tiles.LoadEdge(context.Background(), tiles.Dir(dir), c.Size)
	last := c.Size - c.Size%tiles.Width
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &DamageError{dir, last, Missing, "a tile at the end of the tree is gone: " + err.Error()}
	case err != nil:
		return nil, &DamageError{dir, last, BitRot, err.Error()}
	}
	if f := edge.Frontier(); f.Root() != c.Root {
		return nil, &DamageError{dir, last, BitRot, "the tiles at the end of the tree do not have the checkpoint's root"}
	}
	return edge, nil
}

// readCheckpoint reads the newest checkpoint and checks its signature.
func readCheckpoint(dir string, v note.Verifier) (tiles.Checkpoint, []byte, error) {
	raw, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return tiles.Checkpoint{}, nil, &DamageError{dir, 0, Missing, "the file checkpoint is gone"}
	}
	if err != nil {
		return tiles.Checkpoint{}, nil, here(dir, err)
	}
	c, err := tiles.OpenCheckpoint(raw, v)
	if err != nil {
		return c, nil, &DamageError{dir, 0, Unsigned, err.Error()}
	}
	return c, raw, nil
}
