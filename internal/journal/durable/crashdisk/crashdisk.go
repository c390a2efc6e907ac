// Package crashdisk is a disk in memory that loses its process, or its power, at a
// chosen step. It is for tests: run a scenario once for each step, then look at what is
// left after a restart.
package crashdisk

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// ErrCrashed is what every call returns once the disk has crashed.
var ErrCrashed = errors.New("the process was killed here")

// Loss says what a crash takes with it.
type Loss int

// The losses, from the mildest.
const (
	Killed     Loss = iota // kill -9: the kernel keeps everything that was written
	PowerTorn              // power loss after names were written back: unsynced contents are halves
	PowerClean             // power loss: nothing survives that was not synced
)

// Losses are all of them.
func Losses() []Loss { return []Loss{Killed, PowerTorn, PowerClean} }

// String names the loss.
func (l Loss) String() string {
	return [...]string{"kill -9", "power loss, names kept", "power loss, names lost"}[l]
}

type inode struct {
	data   []byte
	synced []byte
	clean  bool // data is synced
}

// Disk implements [durable.Files]. Its directories always exist, and its files are private.
type Disk struct {
	mu      sync.Mutex
	names   map[string]*inode // as processes see them
	durable map[string]*inode // as they come back after a power loss
	blocks  []*inode          // all there ever were: freed blocks keep their bytes
	steps   int
	at      int // the step that does not happen; 0 is never
}

var _ durable.Files = (*Disk)(nil)

// New returns an empty disk.
func New() *Disk { return &Disk{names: map[string]*inode{}, durable: map[string]*inode{}} }

// CrashAt lets the n-th step from now, counted from 1, and all after it fail.
func (d *Disk) CrashAt(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps, d.at = 0, n
}

// Crashed tells whether the step was reached.
func (d *Disk) Crashed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at > 0 && d.steps >= d.at
}

// Restart returns the disk as the next process finds it after loss.
func (d *Disk) Restart(loss Loss) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	from := d.names
	if loss == PowerClean {
		from = d.durable
	}
	out := New()
	for name, n := range from {
		data := n.data
		switch {
		case loss == PowerClean:
			data = n.synced
		case loss == PowerTorn && !n.clean:
			data = n.data[:len(n.data)/2]
		}
		i := &inode{data: slices.Clone(data), synced: slices.Clone(data), clean: true}
		out.names[name], out.durable[name] = i, i
		out.blocks = append(out.blocks, i)
	}
	for _, n := range d.blocks {
		out.blocks = append(out.blocks, &inode{data: slices.Clone(n.data), synced: slices.Clone(n.synced)})
	}
	return out
}

// Clone copies the disk as it stands: a backup.
func (d *Disk) Clone() *Disk { return d.Restart(Killed) }

// Contains tells whether b can be read anywhere on the disk, in files or in the blocks of
// files that were removed or replaced.
func (d *Disk) Contains(b []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.blocks, func(n *inode) bool {
		return bytes.Contains(n.data, b) || bytes.Contains(n.synced, b)
	})
}

// step counts one effect and tells whether it happens.
func (d *Disk) step() bool {
	d.steps++
	return d.at == 0 || d.steps < d.at
}

func missing(path string) error { return &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist} }

func (d *Disk) dead() bool { return d.at > 0 && d.steps >= d.at }

// Make implements [durable.Files].
func (d *Disk) Make(string) error { return nil }

// Private implements [durable.Files].
func (d *Disk) Private(string) error { return nil }

// Read implements [durable.Files].
func (d *Disk) Read(path string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead() {
		return nil, ErrCrashed
	}
	n, ok := d.names[filepath.Clean(path)]
	if !ok {
		return nil, missing(path)
	}
	return slices.Clone(n.data), nil
}

// Names implements [durable.Files].
func (d *Disk) Names(dir string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead() {
		return nil, ErrCrashed
	}
	var out []string
	for name := range d.names {
		if filepath.Dir(name) == filepath.Clean(dir) {
			out = append(out, filepath.Base(name))
		}
	}
	slices.Sort(out)
	return out, nil
}
