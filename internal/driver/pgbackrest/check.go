package pgbackrest

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
)

var archived = regexp.MustCompile(`WAL segment ([0-9A-F]{24}) successfully archived to '([^']+)'`)

// Check proves that the primary archives: it ends a segment of the write-ahead log, waits until
// that is stored, finds it in the repository by itself, and returns its name:
// [ErrNotArchived], [ErrOtherCluster], [ErrDatabase].
func (e Engine) Check(ctx context.Context) (string, error) {
	var name, where string
	if _, err := e.run(ctx, "check", "info", func(m message) {
		if found := archived.FindStringSubmatch(m.text); found != nil {
			name, where = found[1], found[2]
		}
	}); err != nil {
		return "", err
	}
	if name == "" {
		return "", e.unproved("check", "it names no segment that was archived")
	}
	// The path begins with that of the repository; what is listed does not.
	at := strings.LastIndex(where, "/archive/"+e.Stanza+"/")
	if at < 0 {
		return "", e.unproved("check", "segment %s is said to be in %q, which is no archive", name, where)
	}
	files, err := e.list(ctx, path.Dir(where[at+1:]))
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(files, func(f stored) bool { return f.path == path.Base(where) && f.size > 0 }) {
		return "", e.unproved("check", "segment %s is said to be in %q, and is not there", name, where)
	}
	return name, nil
}
