package crashdisk

import (
	"path/filepath"
	"slices"
)

// Write implements [durable.Files] in four steps: the name, half of the bytes, the rest,
// the sync.
func (d *Disk) Write(path string, b []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	path = filepath.Clean(path)
	if !d.step() {
		return ErrCrashed
	}
	n, ok := d.names[path]
	if !ok {
		n = &inode{}
		d.names[path] = n
		d.blocks = append(d.blocks, n)
	}
	if !d.step() {
		return ErrCrashed
	}
	n.clean = false
	half := len(b) / 2
	n.data = append(slices.Clone(b[:half]), n.data[min(half, len(n.data)):]...)
	if !d.step() {
		return ErrCrashed
	}
	n.data = slices.Clone(b)
	if !d.step() {
		return ErrCrashed
	}
	n.synced, n.clean = slices.Clone(b), true
	return nil
}

// Rename implements [durable.Files].
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.step() {
		return ErrCrashed
	}
	n, ok := d.names[filepath.Clean(from)]
	if !ok {
		return missing(from)
	}
	delete(d.names, filepath.Clean(from))
	d.names[filepath.Clean(to)] = n
	return nil
}

// Remove implements [durable.Files].
func (d *Disk) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.step() {
		return ErrCrashed
	}
	if _, ok := d.names[filepath.Clean(path)]; !ok {
		return missing(path)
	}
	delete(d.names, filepath.Clean(path))
	return nil
}

// SyncDir implements [durable.Files].
func (d *Disk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.step() {
		return ErrCrashed
	}
	dir = filepath.Clean(dir)
	for name := range d.durable {
		if _, there := d.names[name]; !there && filepath.Dir(name) == dir {
			delete(d.durable, name)
		}
	}
	for name, n := range d.names {
		if filepath.Dir(name) == dir {
			d.durable[name] = n
		}
	}
	return nil
}
