package gateway

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

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
	attrSums      = "checksums"
	attrTags      = "X-Amz-Tagging"
	attrUpload    = "objname" // of uploads in parts

	xattrPrefix = "user."
)

// inode keeps an object's attributes on its inode, so that they appear, move and vanish with it.
type inode struct {
	meta.XattrMeta
	marks *marks
}

// StoreAttribute writes the mark of a copy with its ETag.
func (i inode) StoreAttribute(f *os.File, bucket, object, attribute string, value []byte) error {
	if f != nil && object != "" && attribute == attrETag {
		if p := i.marks.under(bucket, object); p.mark != nil {
			if err := i.XattrMeta.StoreAttribute(f, bucket, object, attrMark, p.mark); err != nil {
				return err
			}
		}
	}
	return i.XattrMeta.StoreAttribute(f, bucket, object, attribute, value)
}

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
type files struct {
	meta.SideCar
	marks *marks
}

// StoreAttribute makes an object of what was another: a delete marker, a copy, one with other metadata. An object's ETag is
// the first that is written for it after what it replaces was kept; on an inode all that
// would be gone with the old one.
func (s files) StoreAttribute(f *os.File, bucket, object, attribute string, value []byte) error {
	if f != nil && object != "" && attribute == attrETag {
		p := s.marks.under(bucket, object)
		gone := []string{attrMarker, attrMark}
		if p.bare {
			gone = slices.Concat(gone, contentAttributes, []string{attrMetadata, attrTags})
		}
		for _, old := range gone {
			if err := s.DeleteAttribute(bucket, object, old); err != nil && !errors.Is(err, meta.ErrNoSuchKey) {
				return err
			}
		}
		if p.mark != nil {
			if err := s.SideCar.StoreAttribute(f, bucket, object, attrMark, p.mark); err != nil {
				return err
			}
		}
	}
	return s.SideCar.StoreAttribute(f, bucket, object, attribute, value)
}

// storer chooses where attributes live; sidecar tells which it was.
func storer(o Options, m *marks) (s meta.MetadataStorer, sidecar bool, err error) {
	_, err = os.Stat(o.sidecar())
	begun := err == nil
	if !begun && !o.Sidecar {
		switch err := tryAttributes(o.objects()); {
		case err == nil:
			return inode{marks: m}, false, nil
		case !errors.Is(err, unix.ENOTSUP):
			return nil, false, fmt.Errorf("try extended attributes in %s: %w", o.objects(), err)
		}
	}
	if err := os.MkdirAll(o.sidecar(), 0o700); err != nil {
		return nil, false, fmt.Errorf("make directory of attributes: %w", err)
	}
	dir, err := meta.NewSideCar(o.sidecar())
	return files{dir, m}, true, err
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
