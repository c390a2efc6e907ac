package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
)

// histories reads the versions of some keys, each at one moment; not those for which there is no room, or that cannot be read.
func (b *backend) histories(bucket string, keys []string) []feed.History {
	out, room := make([]feed.History, 0, len(keys)), feed.Versions
	for _, key := range keys {
		all, err := b.history(bucket, key)
		if err != nil { // who asks for it alone is told; the others go on
			fmt.Fprintf(os.Stderr, "a key is left out of what is told of changes: %v\n", err)
			continue
		}
		if len(all) <= room {
			room -= len(all)
			out = append(out, feed.History{Key: []byte(key), Versions: all})
		}
	}
	return out
}

// history reads the versions of one key at one moment, as a listing would name them, in any order. A
// listing reads the whole directory that the key lies in, and those above it.
func (b *backend) history(bucket, key string) ([]feed.Version, error) {
	defer b.locks.share(bucket, key)()
	return b.versionsOf(bucket, key)
}

// versionsOf is history for who has the key's lock.
func (b *backend) versionsOf(bucket, key string) ([]feed.Version, error) {
	out, at := []feed.Version{}, b.placed(bucket, key)
	info, err := os.Lstat(b.path(bucket, at))
	switch {
	case err == nil && (info.Mode().IsRegular() || strings.HasSuffix(at, "/")): // a folder of earlier versions
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) && !errors.Is(err, unix.ENAMETOOLONG):
		return nil, fmt.Errorf("read %s/%s: %w", bucket, key, err)
	default:
		return out, nil // nothing, or keys that lie below it
	}
	since, err := b.marksSince(bucket)
	if err != nil {
		return nil, err
	}
	metadata := map[string][]byte{}
	read := func(dir, name, id string, info fs.FileInfo) error {
		v := feed.Version{ID: id, Modified: info.ModTime().UnixMilli(), Size: info.Size()}
		if info.IsDir() {
			v.Size = 0
		}
		m, err := b.version(&v, key, dir, name, since)
		if err == nil {
			out, metadata[v.ID] = append(out, v), m
		}
		return err
	}
	if err := read(bucket, at, nullVersion, info); err != nil {
		return nil, err
	}
	out[0].Latest = true
	dir := b.versionDir(bucket, at)
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
		if err := read(dir, e.Name(), e.Name(), info); err != nil {
			return nil, err
		}
	}
	forgetPutBack(out, metadata)
	return out, nil
}

// marksSince says from when on no metadata is taken for a mark: never, where nobody has begun to keep marks elsewhere.
func (b *backend) marksSince(bucket string) (time.Time, error) {
	v, err := b.optional(bucket, "", attrMarks)
	if err != nil || v == nil {
		return time.Unix(1<<40, 0), err
	}
	ms, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read since when %s keeps marks: %w", bucket, err)
	}
	return time.UnixMilli(ms), nil
}

// The attributes that content headers are kept in.
var contentAttributes = []string{"content-type", "content-encoding", "content-disposition", "content-language", "cache-control", "expires"}

// version completes a version by its attributes, and returns its metadata as it is kept.
func (b *backend) version(v *feed.Version, key, dir, name string, since time.Time) ([]byte, error) {
	of := map[string][]byte{}
	for _, a := range append([]string{attrVersion, attrETag, attrMarker, attrMetadata}, contentAttributes...) {
		value, err := b.optional(dir, name, a)
		if err != nil {
			return nil, err
		}
		of[a] = value
	}
	if id := of[attrVersion]; id != nil && v.ID == nullVersion {
		v.ID = string(id)
	}
	if v.Marker = of[attrMarker] != nil; v.Marker {
		v.Size = 0
		return nil, nil
	}
	v.ETag = strings.Trim(string(of[attrETag]), `"`)
	sum := sha256.New()
	for _, a := range contentAttributes {
		_, _ = fmt.Fprintf(sum, "%d %s", len(of[a]), of[a])
	}
	sum.Write(of[attrMetadata])
	v.Print = hex.EncodeToString(sum.Sum(nil)[:16])
	return of[attrMetadata], b.mark(v, key, dir, name, of[attrMetadata], since)
}
