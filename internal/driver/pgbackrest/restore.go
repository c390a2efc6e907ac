package pgbackrest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Restore says what is restored, where, and to which moment.
type Restore struct {
	Dir    string // data directory; it is made where it is missing
	Backup string // label; empty: the newest from which the target can be reached
	Target Target
	Delta  bool // the directory holds an older state of the same cluster: only what differs is copied, and what is not in the backup goes
	// Archives lets the restored server archive into the stanza, as one must that replaces the
	// lost one. Without it a copy can never store its own log among the real one.
	Archives bool
	// Spaces is a directory that tablespaces are laid in, each by its name. Empty: they go where
	// they were, which on the cluster's own host is where they are.
	Spaces string
}

// Restore fills a data directory: [ErrNoBackup], [ErrNotEmpty], [ErrRunning], [ErrPassphrase].
// The log is fetched by the server when it starts, and a gap in it is then met in silence: ask
// [Engine.Chain] before. tell may be nil.
func (e Engine) Restore(ctx context.Context, r Restore, tell func(fact.BackupProgress)) (fact.Restored, error) {
	failed := func(err error) (fact.Restored, error) {
		return fact.Restored{}, &Error{Command: "restore", Stanza: e.Stanza, Err: err}
	}
	options, err := r.Target.options()
	if err != nil {
		return failed(err)
	}
	if !filepath.IsAbs(r.Dir) {
		return failed(fmt.Errorf("%q is no absolute path of a directory", r.Dir))
	}
	before, err := e.Info(ctx)
	if err != nil {
		return fact.Restored{}, err
	}
	if _, ok := before.Find(r.Backup); r.Backup != "" {
		if !ok {
			return fact.Restored{}, e.noBackup("restore", r.Backup)
		}
		options = append(options, "--set="+r.Backup)
	}
	if r.Delta {
		options = append(options, "--delta")
	}
	if !r.Archives {
		options = append(options, "--archive-mode=off")
	}
	if r.Spaces != "" {
		if !filepath.IsAbs(r.Spaces) {
			return failed(fmt.Errorf("%q is no absolute path of a directory", r.Spaces))
		}
		options = append(options, "--tablespace-map-all="+r.Spaces)
	}
	if err := e.own(r.Dir); err != nil {
		return failed(err)
	}
	chosen := ""
	files := follow(tell)
	if _, err := e.run(ctx, "restore", "detail", func(m message) {
		if found := restores.FindStringSubmatch(m.text); found != nil {
			chosen = found[1]
		}
		if files != nil {
			files(m)
		}
	}, append(options, "--pg1-path="+r.Dir)...); err != nil {
		return fact.Restored{}, err
	}
	return e.restored(before, r, chosen)
}

var restores = regexp.MustCompile(`restore backup set (\S+?),? `)

// own makes the directory where it is missing.
func (e Engine) own(dir string) error {
	switch err := os.Mkdir(dir, 0o700); {
	case errors.Is(err, os.ErrExist):
		return nil
	case err != nil:
		return err
	case e.UID < 0:
		return nil
	}
	return os.Chown(dir, e.UID, e.GID)
}

// restored reads the directory back: it is of the right cluster and set, and recovery is asked for.
func (e Engine) restored(before fact.BackupRepository, r Restore, chosen string) (fact.Restored, error) {
	out := fact.Restored{Dir: r.Dir, Backup: chosen, Ended: time.Now()}
	b, ok := before.Find(chosen)
	if !ok || r.Backup != "" && chosen != r.Backup {
		return out, e.unproved("restore", "it says that it restored %q", chosen)
	}
	var err error
	if out.System, err = System(r.Dir); err != nil {
		return out, e.unproved("restore", "%v", err)
	}
	for _, c := range before.Clusters {
		if c.Number == b.Cluster && c.System != out.System {
			return out, e.unproved("restore", "%s holds system %d, and backup %s is of system %d", r.Dir, out.System, chosen, c.System)
		}
	}
	text, err := os.ReadFile(filepath.Join(r.Dir, "backup_label"))
	if err != nil {
		return out, e.unproved("restore", "%v", err)
	}
	if out.Begin, err = parseBackupLabel(string(text)); err != nil || out.Begin != b.Begin {
		return out, e.unproved("restore", "%s begins at %s, and backup %s at %s (%v)", r.Dir, position(out.Begin), chosen, position(b.Begin), err)
	}
	if _, err := os.Stat(filepath.Join(r.Dir, "recovery.signal")); err != nil {
		return out, e.unproved("restore", "no recovery is asked for: %v", err)
	}
	settings, err := os.ReadFile(filepath.Join(r.Dir, "postgresql.auto.conf"))
	if err != nil || !strings.Contains(string(settings), "restore_command") {
		return out, e.unproved("restore", "the server is not told where its log is (%v)", err)
	}
	if off := strings.Contains(string(settings), "archive_mode = 'off'"); off == r.Archives {
		return out, e.unproved("restore", "the server is told to archive: %v, asked for was %v", !off, r.Archives)
	}
	return out, nil
}

// parseBackupLabel reads the position that recovery begins at from PostgreSQL's backup_label:
// "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)".
func parseBackupLabel(text string) (int64, error) {
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "START WAL LOCATION: "); ok {
			at, _, _ := strings.Cut(rest, " ")
			return parsePosition(at)
		}
	}
	return 0, errors.New("backup_label names no START WAL LOCATION")
}
