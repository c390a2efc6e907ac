package journal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

const (
	checkpointFile = "checkpoint"
	publishStep    = 512 * tiles.Width // entries a checkpoint: bounds the memory and the files of one
)

// publisher is what only the publishing goroutine touches: the right edge of what the
// newest checkpoint covers.
type publisher struct {
	edge    *tiles.Edge
	bundle  []byte // of the entries behind the last full bundle
	last    error  // how the last attempt before the end went
	problem string // of the last attempt; said once
}

// publish writes tiles, bundles and a checkpoint whenever the log has grown, until the
// committer ends, and then once more.
func (j *Journal) publish() {
	defer close(j.finished)
	pause := time.NewTimer(j.o.PublishEvery)
	defer pause.Stop()
	for {
		j.mu.RLock()
		behind, grown := j.head.size > j.published, j.grown
		j.mu.RUnlock()
		var due <-chan time.Time
		if behind {
			due, grown = pause.C, nil
		}
		select {
		case <-grown:
		case answer := <-j.asked:
			answer <- j.publishAll()
		case <-due:
			_ = j.publishAll() // said in the log, and tried again
			pause.Reset(j.o.PublishEvery)
		case <-j.stopped:
			if !j.poisoned() { // what is on the disk then only the next Open can tell
				j.publisher.last = j.publishAll()
			}
			return
		}
	}
}

// Publish publishes what is durable now instead of soon.
func (j *Journal) Publish(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case j.asked <- answer:
	case <-j.finished:
		return j.closedErr()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *Journal) publishAll() error {
	j.mu.RLock()
	head, from := j.head, j.published
	j.mu.RUnlock()
	var err error
	for to := from; err == nil && to < head.size; {
		to = min(head.size, to+publishStep)
		err = j.publishTo(to, head)
	}
	j.say(err, from)
	return err
}

// say logs the first of several equal failures, and their end.
func (j *Journal) say(err error, from uint64) {
	p := &j.publisher
	switch {
	case err == nil && p.problem != "":
		j.o.Log.Info("the journal publishes again", "dir", j.dir)
		p.problem = ""
	case err != nil && err.Error() != p.problem:
		j.o.Log.Error("the journal could not publish; entries are recorded all the same, and it tries again", "dir", j.dir, "published", from, "err", err)
		p.problem = err.Error()
	}
}

// publishTo publishes the first size entries. The log is read again for it, so that what
// is signed is what is on the disk.
func (j *Journal) publishTo(size uint64, head acknowledged) error {
	p := &j.publisher
	edge, bundle := p.edge.Clone(), slices.Clone(p.bundle)
	b := &batch{dir: j.dir, disk: j.o.disk, old: edge.Size}
	err := j.payloads(edge.Size, size, func(_ uint64, payload []byte) error {
		if err := edge.Add(tiles.Leaf(payload), b.tile); err != nil {
			return err
		}
		bundle = tiles.AppendEntry(bundle, payload)
		if edge.Size%tiles.Width > 0 {
			return nil
		}
		err := b.write(tiles.Path{Level: tiles.Entries, N: edge.Size/tiles.Width - 1, Width: tiles.Width}, bundle)
		bundle = bundle[:0]
		return err
	})
	if err == nil {
		err = edge.Partial(b.tile)
	}
	if err == nil && len(bundle) > 0 {
		err = b.write(tiles.Path{Level: tiles.Entries, N: size / tiles.Width, Width: int(size % tiles.Width)}, bundle)
	}
	if err == nil {
		err = b.sync()
	}
	if err != nil {
		return fmt.Errorf("publish journal %s: %w", j.dir, err)
	}
	f := edge.Frontier()
	root := f.Root()
	if size == head.size && root != head.root {
		return &DamageError{j.dir, p.edge.Size, Replaced, fmt.Sprintf("the tree over the %d entries on the disk is %.16s…, %.16s… was acknowledged; it is not signed", size, root, head.root)}
	}
	raw, err := j.writeCheckpoint(size, root)
	if err != nil {
		return err
	}
	old := p.edge.Size
	p.edge, p.bundle = edge, bundle
	j.mu.Lock()
	j.checkpoint, j.published = raw, size
	j.mu.Unlock()
	j.dropPartials(old, size)
	return nil
}

func (j *Journal) writeCheckpoint(size uint64, root tiles.Hash) ([]byte, error) {
	raw, err := tiles.Checkpoint{Origin: j.keys.verifier.Name(), Size: size, Root: root}.Sign(j.keys.signer)
	if err == nil {
		err = j.o.disk.replace(filepath.Join(j.dir, checkpointFile), raw)
	}
	if err != nil {
		return nil, fmt.Errorf("publish journal %s: %w", j.dir, err)
	}
	return raw, nil
}

// dropPartials removes the partial tiles that full ones have replaced.
func (j *Journal) dropPartials(old, size uint64) {
	for level := tiles.Entries; level < 8; level++ {
		last, ok := tiles.At(level, old>>(8*uint(max(level, 0)))/tiles.Width, old) //nolint:gosec // small
		if !ok {
			continue
		}
		if now, _ := tiles.At(level, last.N, size); now.Width < tiles.Width {
			continue
		}
		dir := filepath.Dir(filepath.Join(j.dir, filepath.FromSlash(last.String())))
		if err := os.RemoveAll(dir); err != nil {
			j.o.Log.Warn("replaced partial tiles could not be removed; they only take room", "dir", dir, "err", err)
		}
	}
}
