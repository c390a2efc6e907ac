package pgbackrest

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// absent is the exit code of archive-get where the repository does not have the file.
const absent = 1

// Fetch copies one file of the write-ahead log, a segment or a timeline's history, out of the
// repository to the path to, for the server in dir. stored is false where the repository has no such
// file; that it cannot be told is an error.
func (e Engine) Fetch(ctx context.Context, dir, name, to string) (stored bool, err error) {
	warned := ""
	if _, err := e.run(ctx, "archive-get", "warn", func(m message) { warned += m.text + "\n" }, "--pg1-path="+dir, name, to); err != nil {
		failed, ran := errors.AsType[*Error](err)
		switch {
		case ran && failed.Code == absent && warned == "":
			return false, nil
		case ran && failed.Kind == nil: // the error says that no repository is valid, and a warning why this one is not
			failed.Kind = kindOf(0, warned)
			failed.Text += " (" + brief(warned) + ")"
		}
		return false, err
	}
	info, err := os.Stat(to)
	if err != nil {
		return false, e.unproved("archive-get", "%v", err)
	}
	if _, err := parseSegment(name, e.segment()); err == nil && info.Size() != e.segment() {
		return false, &Error{Command: "archive-get", Stanza: e.Stanza, Kind: ErrDamaged, Text: fmt.Sprintf("%s has %d bytes, and a segment has %d", name, info.Size(), e.segment())}
	}
	return true, nil
}
