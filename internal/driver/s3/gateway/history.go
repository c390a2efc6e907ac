package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/versity/versitygw/backend/meta"
	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
)

// histories reads the versions of some keys, each at one moment; not those for which there is no room.
func (b *backend) histories(bucket string, keys []string) ([]feed.History, error) {
	out, room := make([]feed.History, 0, len(keys)), feed.Versions
	for _, key := range keys {
		all, err := b.history(bucket, key)
		if err != nil {
			return nil, err
		}
		if len(all) <= room {
			room -= len(all)
			out = append(out, feed.History{Key: []byte(key), Versions: all})
		}
	}
	return out, nil
}

// history reads the versions of one key at one moment, as a listing would name them, in any order. A
// listing reads the whole directory that the key lies in, and those above it.
func (b *backend) history(bucket, key string) ([]feed.Version, error) {
	defer b.locks.share(bucket, key)()
	out := []feed.Version{}
	info, err := os.Lstat(b.path(bucket, key))
	switch {
	case err == nil && info.Mode().IsRegular():
		v, err := b.version(bucket, key, nullVersion, info)
		if err != nil {
			return nil, err
		}
		v.Latest = true
		out = append(out, v)
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) && !errors.Is(err, unix.ENAMETOOLONG):
		return nil, fmt.Errorf("read %s/%s: %w", bucket, key, err)
	default:
		return out, nil // nothing, or keys that lie below it
	}
	dir := b.versionDir(bucket, key)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read versions of %s/%s: %w", bucket, key, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || e.Name() == out[0].ID { // under way, or left by a crash
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read versions of %s/%s: %w", bucket, key, err)
		}
		v, err := b.version(dir, e.Name(), e.Name(), info)
		if err != nil {
			return nil, err
		}
		v.ID = e.Name()
		out = append(out, v)
	}
	return out, nil
}

// version reads one version's attributes; id is what it has without one.
func (b *backend) version(bucket, key, id string, info fs.FileInfo) (feed.Version, error) {
	v := feed.Version{ID: id, Modified: info.ModTime().UnixMilli(), Size: info.Size()}
	for name, take := range map[string]func(string){
		attrVersion:  func(s string) { v.ID = s },
		attrETag:     func(s string) { v.ETag = strings.Trim(s, `"`) },
		attrMarker:   func(string) { v.Marker = true },
		attrMetadata: func(s string) { v.Metadata = replicators(s) },
	} {
		value, err := b.attributes.RetrieveAttribute(nil, bucket, key, name)
		switch {
		case err == nil:
			take(string(value))
		case !errors.Is(err, meta.ErrNoSuchKey) && !errors.Is(err, fs.ErrNotExist):
			return v, fmt.Errorf("read attribute %s of %s: %w", name, filepath.Join(bucket, key), err)
		}
	}
	if v.Marker {
		v.Size, v.ETag, v.Metadata = 0, "", nil
	}
	return v, nil
}

// replicators returns the replicator's part of an object's metadata. versitygw takes what is no JSON for none.
func replicators(text string) map[string]string {
	var all, out map[string]string
	if json.Unmarshal([]byte(text), &all) != nil {
		return nil
	}
	for name, value := range all {
		if name = strings.ToLower(name); strings.HasPrefix(name, feed.Metadata) {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = value
		}
	}
	return out
}
