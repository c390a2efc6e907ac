package pgbackrest

import (
	"context"
	"fmt"
	"path"

	"github.com/greenlang/fournines/internal/fact"
)

// Chain returns the write-ahead log from a backup to a target, and names each gap in it:
// [ErrNoBackup]. It looks at the names of what is stored and reads no segment: for what is in
// them see [Engine.Verify].
func (e Engine) Chain(ctx context.Context, label string, t Target) (fact.WALChain, error) {
	if _, err := t.options(); err != nil {
		return fact.WALChain{}, &Error{Command: "repo-ls", Stanza: e.Stanza, Err: err}
	}
	r, err := e.Info(ctx)
	if err != nil {
		return fact.WALChain{}, err
	}
	b, ok := r.Find(label)
	if !ok {
		return fact.WALChain{}, e.noBackup("repo-ls", label)
	}
	return e.follows(ctx, r, b, t)
}

func (e Engine) follows(ctx context.Context, r fact.BackupRepository, b fact.Backup, t Target) (fact.WALChain, error) {
	failed := func(err error) (fact.WALChain, error) {
		return fact.WALChain{}, &Error{Command: "repo-ls", Stanza: e.Stanza, Err: err}
	}
	first, err := parseSegment(b.First, e.segment())
	if err != nil {
		return failed(err)
	}
	dir, below := e.archiveDir(r, b.Cluster), ""
	if last, err := parseSegment(b.Last, e.segment()); err == nil && t.Kind == Consistent && last.folder(e.segment()) == first.folder(e.segment()) {
		below = first.folder(e.segment()) // the rest of a long archive need not be listed
	}
	if dir == "" {
		return failed(fmt.Errorf("it lists no archive of cluster %d, which backup %s is of", b.Cluster, b.Label))
	}
	files, err := e.list(ctx, path.Join(dir, below))
	if err != nil {
		return fact.WALChain{}, err
	}
	for i := range files {
		files[i].path = path.Join(below, files[i].path)
	}
	a := archiveOf(files, e.segment())
	timeline, lost := first.timeline, []fact.WALGap(nil)
	if t.Kind != Consistent {
		if timeline = t.Timeline; timeline == 0 {
			timeline = a.newest(first.timeline)
			lost = a.lost(timeline, e.segment())
		}
	}
	var history []ancestor
	if timeline != first.timeline {
		b, err := e.run(ctx, "repo-get", "warn", nil, path.Join(dir, fmt.Sprintf("%08X.history", timeline)))
		if err != nil {
			return fact.WALChain{}, err
		}
		if history, err = parseHistory(b); err != nil {
			return failed(err)
		}
	}
	way, err := a.path(b, timeline, history, e.segment())
	if err != nil {
		return failed(err)
	}
	c := a.chain(b, way, t, e.segment())
	if c.Gaps = append(c.Gaps, lost...); len(lost) > 0 {
		c.Reached = false
	}
	return c, nil
}

func (e Engine) segment() int64 { return or(e.Segment, defaultSegment) }

// archiveDir is where the log of a cluster is, in the repository; empty: nowhere.
func (e Engine) archiveDir(r fact.BackupRepository, cluster int) string {
	for _, a := range r.Archives {
		if a.Cluster == cluster {
			return path.Join("archive", e.Stanza, a.ID)
		}
	}
	return ""
}

// list lists all files below a path of the repository.
func (e Engine) list(ctx context.Context, dir string) ([]stored, error) {
	out, err := e.run(ctx, "repo-ls", "warn", nil, "--output=json", "--recurse", dir)
	if err != nil {
		return nil, err
	}
	files, err := parseListing(out)
	if err != nil {
		return nil, &Error{Command: "repo-ls", Stanza: e.Stanza, Err: err}
	}
	return files, nil
}
