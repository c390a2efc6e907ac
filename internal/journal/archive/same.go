package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"os"
)

// scratch returns a file that nobody else sees, and that a crash does not leave behind.
func scratch(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "archive-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// sameEntries tells whether the table that is in the way holds the part's entries in
// other bytes, as another version of the program wrote them before it was killed: nobody
// could ever remove it, and it is as good.
func (a *Archiver) sameEntries(ctx context.Context, r Reader, c *outgoing) (Object, bool) {
	o, body, err := r.Open(ctx, PartKey(c.First, c.Next), "")
	if err != nil {
		return o, false
	}
	defer body.Close() //nolint:errcheck // only read
	f, err := scratch(a.o.Spool)
	if err != nil {
		return o, false
	}
	defer f.Close() //nolint:errcheck // it is gone already
	size, err := io.Copy(f, body)
	if err != nil || o.Mode != Compliance || o.RetainUntil.Before(c.RetainUntil) {
		return o, false
	}
	next, stop := iter.Pull2(a.o.Read(f, size))
	defer stop()
	for want, err := range c.rows() {
		got, gerr, more := next()
		if err != nil || gerr != nil || !more || !bytes.Equal(got, want.Bytes) {
			return o, false
		}
	}
	_, _, more := next()
	return o, !more
}
