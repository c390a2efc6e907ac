package pgbackrest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/fact"
)

// BackupKind says what a backup holds.
type BackupKind string

// The kinds of backups.
const (
	Full         BackupKind = "full" // everything
	Differential BackupKind = "diff" // files that differ from those of the newest full
	Incremental  BackupKind = "incr" // files that differ from those of the newest backup
)

// Backup makes a backup of the stanza's primary, and returns it as the repository lists it. Where
// there is no full backup yet, it makes one, whatever was asked for. tell may be nil.
//
// A backup that was stopped or killed leaves no set; the next one takes over what it can use.
func (e Engine) Backup(ctx context.Context, kind BackupKind, annotations map[string]string, tell func(fact.BackupProgress)) (fact.Backup, error) {
	if !slices.Contains([]BackupKind{Full, Differential, Incremental}, kind) {
		return fact.Backup{}, &Error{Command: "backup", Stanza: e.Stanza, Err: fmt.Errorf("%q is none of %s, %s, %s", kind, Full, Differential, Incremental)}
	}
	notes, err := annotate(annotations, false)
	if err != nil {
		return fact.Backup{}, &Error{Command: "backup", Stanza: e.Stanza, Err: err}
	}
	before, err := e.Info(ctx)
	if err != nil {
		return fact.Backup{}, err
	}
	if _, err := e.run(ctx, "backup", "detail", follow(tell), append(notes, "--type="+string(kind))...); err != nil {
		return fact.Backup{}, err
	}
	return e.made(ctx, before, annotations)
}

// made reads the backup back that a repository did not have before.
func (e Engine) made(ctx context.Context, before fact.BackupRepository, annotations map[string]string) (fact.Backup, error) {
	after, err := e.Info(ctx)
	if err != nil {
		return fact.Backup{}, fmt.Errorf("read the backup back: %w", err)
	}
	var made []fact.Backup
	for _, b := range after.Backups {
		if _, old := before.Find(b.Label); !old {
			made = append(made, b)
		}
	}
	if len(made) == 0 {
		return fact.Backup{}, e.unproved("backup", "the repository lists no new backup")
	}
	b := made[len(made)-1]
	for key, value := range annotations {
		if b.Annotations[key] != value {
			return b, e.unproved("backup", "backup %s has the annotation %s=%q, asked for was %q", b.Label, key, b.Annotations[key], value)
		}
	}
	c, err := e.follows(ctx, after, b, Target{Kind: Consistent})
	if err != nil {
		return b, fmt.Errorf("look for the log that backup %s needs: %w", b.Label, err)
	}
	if !c.Reached {
		return b, e.unproved("backup", "of the log that backup %s needs, %s to %s, segments are missing: %v", b.Label, b.First, b.Last, c.Gaps)
	}
	return b, nil
}

// annotate turns annotations into options. An empty value takes one away, where that may be.
func annotate(annotations map[string]string, away bool) ([]string, error) {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		value := annotations[key]
		if key == "" || strings.ContainsAny(key, "= \t\r\n") || value != strings.TrimSpace(value) || printable(value) != value || value == "" && !away {
			return nil, fmt.Errorf("the annotation %.60q=%.60q must be a word without '=', and a line of text", key, value)
		}
		out = append(out, "--annotation="+key+"="+value)
	}
	return out, nil
}

// Annotate adds annotations to a backup, changes them, and takes those away whose value is
// empty: [ErrNoBackup].
func (e Engine) Annotate(ctx context.Context, label string, annotations map[string]string) (fact.Backup, error) {
	options, err := annotate(annotations, true)
	if err == nil && len(options) == 0 {
		err = fmt.Errorf("no annotation is given")
	}
	if err != nil {
		return fact.Backup{}, &Error{Command: "annotate", Stanza: e.Stanza, Err: err}
	}
	if _, err := e.Show(ctx, label); err != nil {
		return fact.Backup{}, err
	}
	if _, err := e.run(ctx, "annotate", "warn", nil, append(options, "--set="+label)...); err != nil {
		return fact.Backup{}, err
	}
	b, err := e.Show(ctx, label)
	if err != nil {
		return fact.Backup{}, fmt.Errorf("read the annotation back: %w", err)
	}
	for key, value := range annotations {
		if b.Annotations[key] != value {
			return b, e.unproved("annotate", "%s has %s=%q, asked for was %q", label, key, b.Annotations[key], value)
		}
	}
	return b, nil
}
