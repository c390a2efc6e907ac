package gateway

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/versity/versitygw/backend/meta"
	"golang.org/x/sys/unix"
)

// The attributes of versitygw's format that this package reads or writes itself.
const (
	attrRetention = "object-retention"
	attrLegalHold = "object-legal-hold"
	attrVersion   = "version-id"
	attrMarker    = "delete-marker"
	attrACL       = "acl"
	attrETag      = "etag"
	attrMetadata  = "metadata"

	xattrPrefix = "user."
)

// inode keeps an object's attributes on its inode, so that they appear, move and vanish with it.
type inode struct{ meta.XattrMeta }

// DeleteAttribute leaves locks alone. versitygw takes them off a version that is about
// to be replaced, which only attributes in files need: killed right then, it would leave
// an acknowledged object without its lock.
func (i inode) DeleteAttribute(bucket, object, attribute string) error {
	if attribute == attrRetention || attribute == attrLegalHold {
		return nil
	}
	return i.XattrMeta.DeleteAttribute(bucket, object, attribute)
}

// files keeps attributes in files beside the objects.
type files struct{ meta.SideCar }

// StoreAttribute makes an object of what was a delete marker. An object's ETag is the
// first that is written for it after what it replaces was kept; on an inode the marker
// would be gone with the old one.
func (s files) StoreAttribute(f *os.File, bucket, object, attribute string, value []byte) error {
	if f != nil && object != "" && attribute == attrETag {
		if err := s.DeleteAttribute(bucket, object, attrMarker); err != nil && !errors.Is(err, meta.ErrNoSuchKey) {
			return err
		}
	}
	return s.SideCar.StoreAttribute(f, bucket, object, attribute, value)
}

// storer chooses where attributes live; sidecar tells which it was.
func storer(o Options) (m meta.MetadataStorer, sidecar bool, err error) {
	_, err = os.Stat(o.sidecar())
	begun := err == nil
	if !begun && !o.Sidecar {
		switch err := tryAttributes(o.objects()); {
		case err == nil:
			return inode{}, false, nil
		case !errors.Is(err, unix.ENOTSUP):
			return nil, false, fmt.Errorf("try extended attributes in %s: %w", o.objects(), err)
		}
	}
	if err := os.MkdirAll(o.sidecar(), 0o700); err != nil {
		return nil, false, fmt.Errorf("make directory of attributes: %w", err)
	}
	s, err := meta.NewSideCar(o.sidecar())
	return files{s}, true, err
}

// tryAttributes tells whether files in dir can hold user attributes of the size that is needed.
func tryAttributes(dir string) error {
	f, err := os.CreateTemp(dir, ".attribute-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // a leftover is empty
	defer f.Close()           //nolint:errcheck // nothing was written
	return unix.Fsetxattr(int(f.Fd()), xattrPrefix+"try", make([]byte, 512), 0)
}

// attribute returns an empty string where there is none.
func attribute(path, name string) (string, error) {
	b := make([]byte, 1024)
	n, err := unix.Getxattr(path, xattrPrefix+name, b)
	if errors.Is(err, unix.ENODATA) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read attribute %s of %s: %w", name, path, err)
	}
	return string(b[:n]), nil
}

func hasAttribute(path, name string) bool {
	_, err := unix.Getxattr(path, xattrPrefix+name, nil)
	return err == nil
}

// syncFile makes a file, or a directory's names, survive the loss of power.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncUp syncs path and every directory from there to root.
func syncUp(root, path string) error {
	for {
		if err := syncFile(path); err != nil {
			return fmt.Errorf("make %s durable: %w", path, err)
		}
		if path == root || len(path) <= len(root) {
			return nil
		}
		path = filepath.Dir(path)
	}
}
