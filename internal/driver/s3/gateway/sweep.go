package gateway

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
)

// linkName is the name that a file has for a moment while it replaces another.
var linkName = regexp.MustCompile(`^\..+\.sgwtmp\.\d+$`)

// sweep removes what a crash has left: nothing that was acknowledged. It must run while
// nobody is served.
func (b *backend) sweep() error {
	buckets, err := os.ReadDir(b.objects)
	if err != nil {
		return fmt.Errorf("sweep object store: %w", err)
	}
	for _, e := range buckets {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := b.sweepBucket(e.Name()); err != nil {
			return fmt.Errorf("sweep bucket %s: %w", e.Name(), err)
		}
	}
	return b.walk(b.versions, func(string, fs.DirEntry) error { return nil })
}

func (b *backend) sweepBucket(bucket string) error {
	dir := filepath.Join(b.objects, bucket)
	if _, err := b.attributes.RetrieveAttribute(nil, bucket, "", attrACL); errors.Is(err, meta.ErrNoSuchKey) {
		// Killed while it was made: without an owner it can be neither used nor made again.
		// An empty directory only; anything else is for a person to look at.
		return os.Remove(dir)
	}
	if err := sweepTemporary(filepath.Join(dir, posix.MetaTmpDir)); err != nil {
		return err
	}
	visit := func(path string, e fs.DirEntry) error {
		if e.IsDir() {
			return nil
		}
		return b.sweepStale(bucket, dir, path)
	}
	if b.sidecar {
		visit = func(string, fs.DirEntry) error { return nil }
	}
	err := b.walk(dir, visit)
	if kept := b.walk(filepath.Join(dir, apartDir), visit); !errors.Is(kept, fs.ErrNotExist) {
		err = errors.Join(err, kept)
	}
	if b.sidecar {
		err = errors.Join(err, b.sweepOrphans(bucket, ""), b.sweepOrphans(bucket, apartDir))
	}
	return err
}

// sweepOrphans removes attributes in files whose object never got its name: they would
// make every later put with If-None-Match fail.
func (b *backend) sweepOrphans(bucket, below string) error {
	root := filepath.Join(filepath.Dir(b.objects), "sidecar", bucket)
	var orphans []string
	err := b.walk(filepath.Join(root, below), func(path string, e fs.DirEntry) error {
		if !e.IsDir() || e.Name() != "meta" {
			return nil
		}
		key, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil || key == "." {
			return err
		}
		if _, err := os.Lstat(b.path(bucket, key)); errors.Is(err, fs.ErrNotExist) {
			orphans = append(orphans, path)
		}
		return fs.SkipDir
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, o := range orphans {
		err = errors.Join(err, os.RemoveAll(o))
	}
	return err
}

// sweepStale removes the copy of a version that was about to be replaced and was not.
func (b *backend) sweepStale(bucket, dir, path string) error {
	key, err := filepath.Rel(dir, path)
	if err != nil {
		return err
	}
	versions := b.versionDir(bucket, key)
	if _, err := os.Stat(versions); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	current, err := attribute(path, attrVersion)
	if err != nil || current == "" {
		return err
	}
	if err := os.Remove(filepath.Join(versions, current)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// walk removes link names below dir and shows everything else to visit, but for temporary directories.
func (b *backend) walk(dir string, visit func(string, fs.DirEntry) error) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == posix.MetaTmpDir:
			return fs.SkipDir
		case !e.IsDir() && linkName.MatchString(e.Name()):
			return os.Remove(path)
		}
		return visit(path, e)
	})
}

// sweepTemporary removes bodies that were never named, and uploads whose completion was
// not acknowledged; uploads that can still be continued stay.
func sweepTemporary(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	halfDone, err := filepath.Glob(filepath.Join(dir, "multipart", "*", "*.inprogress"))
	if err != nil {
		return err
	}
	for _, path := range halfDone {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
