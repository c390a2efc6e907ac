package pgbackrest

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"

	"github.com/greenlang/fournines/internal/fact"
)

// Expire takes a backup out of the repository, with those that continue it, and the write-ahead
// log that is then needed by nobody: all before the newest fulls full backups, but what each
// older backup needs for itself. A dry run only tells what would go: [ErrNoBackup], [ErrLastFull].
//
// fulls counts backups, not days: whoever must restore to any moment of thirty days counts how
// many full backups these days hold, each time.
func (e Engine) Expire(ctx context.Context, label string, fulls int, dry bool) (fact.BackupExpiry, error) {
	if fulls < 1 {
		return fact.BackupExpiry{}, &Error{Command: "expire", Stanza: e.Stanza, Err: fmt.Errorf("the log of %d full backups is to stay, and at least that of one must", fulls)}
	}
	before, err := e.Info(ctx)
	if err != nil {
		return fact.BackupExpiry{}, err
	}
	if _, ok := before.Find(label); !ok {
		return fact.BackupExpiry{}, e.noBackup("expire", label)
	}
	options := []string{"--set=" + label, "--repo1-retention-archive=" + strconv.Itoa(fulls)}
	if dry {
		options = append(options, "--dry-run")
	}
	var x fact.BackupExpiry
	if _, err := e.run(ctx, "expire", "info", func(m message) { expires(&x, m.text, before) }, options...); err != nil {
		return x, err
	}
	if !slices.Contains(x.Backups, label) {
		return x, e.unproved("expire", "it says that %v go, and not %s", x.Backups, label)
	}
	if dry {
		return x, nil
	}
	return x, e.gone(ctx, before, x)
}

var (
	removesSet = regexp.MustCompile(`^(?:\[DRY-RUN\] )?repo\d+: remove expired backup (\S+)$`)
	removesLog = regexp.MustCompile(`^(?:\[DRY-RUN\] )?repo\d+: (\S+) remove archive, start = ([0-9A-F]{24}), stop = ([0-9A-F]{24})$`)
)

// expires notes what an entry of the log says. It also names remains of what is no set any more.
func expires(x *fact.BackupExpiry, text string, before fact.BackupRepository) {
	if m := removesSet.FindStringSubmatch(text); m != nil {
		if _, set := before.Find(m[1]); set {
			x.Backups = append(x.Backups, m[1])
		}
	}
	if m := removesLog.FindStringSubmatch(text); m != nil {
		x.WAL = append(x.WAL, fact.BackupWALRange{Archive: m[1], First: m[2], Last: m[3]})
	}
}

// gone proves that what was to go has gone, and nothing else.
func (e Engine) gone(ctx context.Context, before fact.BackupRepository, x fact.BackupExpiry) error {
	after, err := e.Info(ctx)
	if err != nil {
		return fmt.Errorf("read back what has expired: %w", err)
	}
	for _, b := range before.Backups {
		_, there := after.Find(b.Label)
		switch expired := slices.Contains(x.Backups, b.Label); {
		case there && expired:
			return e.unproved("expire", "backup %s is still there", b.Label)
		case !there && !expired:
			return e.unproved("expire", "backup %s has gone too", b.Label)
		}
	}
	for _, a := range after.Archives {
		files, err := e.list(ctx, path.Join("archive", e.Stanza, a.ID))
		if err != nil {
			return fmt.Errorf("read back what has expired: %w", err)
		}
		log := archiveOf(files, e.segment())
		for _, r := range x.WAL {
			if left := log.left(r, e.segment()); r.Archive == a.ID && left > 0 {
				return e.unproved("expire", "of the log %s to %s %d segments are still there", r.First, r.Last, left)
			}
		}
		for _, b := range after.Backups {
			if b.Cluster != a.Cluster {
				continue
			}
			own, err := parseSegment(b.First, e.segment())
			if err != nil {
				return &Error{Command: "expire", Stanza: e.Stanza, Err: err}
			}
			way, err := log.path(b, own.timeline, nil, e.segment())
			if err != nil {
				return &Error{Command: "expire", Stanza: e.Stanza, Err: err}
			}
			if c := log.chain(b, way, Target{Kind: Consistent}, e.segment()); !c.Reached {
				return e.unproved("expire", "backup %s has lost log that it needs: %v", b.Label, c.Gaps)
			}
		}
	}
	return nil
}

// left counts the segments of a range that are stored.
func (a archive) left(r fact.BackupWALRange, size int64) (n int) {
	first, err1 := parseSegment(r.First, size)
	last, err2 := parseSegment(r.Last, size)
	if err1 != nil || err2 != nil || first.timeline != last.timeline {
		return 0
	}
	return len(a.within(span{timeline: first.timeline, from: first.number, to: last.number}))
}
