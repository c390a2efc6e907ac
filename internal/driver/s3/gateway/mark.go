package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/valyala/fasthttp"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3response"

	"github.com/greenlang/fournines/internal/driver/s3/feed"
)

// The attributes of marks. An object's is written with its bytes and never by a client; it counts only as long as they
// and the metadata are those that it was written for.
const (
	attrMark  = "fournines-mark"
	attrMarks = "fournines-marks" // of a bucket: since when marks are attributes, in milliseconds; before, they were metadata
)

// markAt is an object's mark with what it was written for.
type markAt struct {
	feed.Mark
	Metadata string `json:"metadata,omitempty"` // digest
}

// marks are those of puts that are under way, by the name of the object. versitygw writes an object's ETag first after what it
// replaces was kept; the mark is written with it.
type marks struct {
	mu sync.Mutex
	of map[string]underWay
}

// underWay is a put under way: its mark, if it is a copy, and whether its metadata is still to be written.
type underWay struct {
	mark []byte
	bare bool
}

func (m *marks) put(bucket, at string, p underWay) (end func()) {
	name := bucket + "/" + at
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of[name] = p
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.of, name)
	}
}

// under returns the put that is under way there.
func (m *marks) under(bucket, at string) underWay {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.of[bucket+"/"+at]
}

// header returns the header of a request that its signature covers.
func header(ctx context.Context, name string) string {
	r, ok := ctx.(*fasthttp.RequestCtx)
	if !ok {
		return ""
	}
	_, list, _ := strings.Cut(string(r.Request.Header.Peek("Authorization")), "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	if !slices.Contains(strings.Split(strings.TrimSpace(list), ";"), strings.ToLower(name)) {
		return ""
	}
	return string(r.Request.Header.Peek(name))
}

// marked returns the mark that a put carries, as it is kept; nil: it carries none.
func marked(ctx context.Context, metadata []byte) ([]byte, error) {
	text := header(ctx, feed.MarkHeader)
	if text == "" || text == feed.AskMark {
		return nil, nil
	}
	m, err := feed.ParseMark(text)
	if err != nil {
		return nil, err
	}
	return json.Marshal(markAt{m, digestOf(metadata)})
}

func digestOf(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// stored is metadata as versitygw keeps it.
func stored(metadata map[string]string) []byte {
	if len(metadata) == 0 {
		return nil
	}
	b, _ := json.Marshal(metadata) //nolint:errchkjson // strings can always be
	return b
}

// uploadDir is where versitygw keeps an upload in parts.
func uploadDir(at, upload string) string {
	sum := sha256.Sum256([]byte(at))
	return filepath.Join(posix.MetaTmpMultipartDir, hex.EncodeToString(sum[:]), upload)
}

// optional reads an attribute; nil where there is none.
func (b *backend) optional(bucket, at, name string) ([]byte, error) {
	v, err := b.attributes.RetrieveAttribute(nil, bucket, at, name)
	if errors.Is(err, meta.ErrNoSuchKey) || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read attribute %s of %s: %w", name, filepath.Join(bucket, at), err)
	}
	if v == nil {
		v = []byte{}
	}
	return v, nil
}

// keepMarks begins to take no metadata for a mark any more.
func (b *backend) keepMarks(bucket string, since time.Time) error {
	if v, err := b.optional(bucket, "", attrMarks); v != nil || err != nil {
		return err
	}
	at := strconv.FormatInt(since.UnixMilli(), 10)
	if err := b.attributes.StoreAttribute(nil, bucket, "", attrMarks, []byte(at)); err != nil {
		return fmt.Errorf("keep marks of copies in %s: %w", bucket, err)
	}
	return syncFile(filepath.Join(b.objects, bucket))
}

// mark adds to a version what it is a copy of, if that counts. dir and name say where its attributes are, since says
// until when a mark could be metadata.
func (b *backend) mark(v *feed.Version, key, dir, name string, metadata []byte, since time.Time) error {
	kept, err1 := b.optional(dir, name, attrMark)
	sums, err2 := b.optional(dir, name, attrSums)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	var sum s3response.Checksum
	before := written(*v).Before(since)
	v.Old = kept == nil && before && named(metadata)[feed.MarkCopied] != ""
	if json.Unmarshal(sums, &sum) != nil || sum.SHA256 == nil {
		return nil //nolint:nilerr // it is no copy: these are always put with one
	}
	var m markAt
	switch {
	case kept != nil:
		if json.Unmarshal(kept, &m) != nil || m.Sum != *sum.SHA256 || m.Size != v.Size || m.Metadata != digestOf(metadata) {
			return nil //nolint:nilerr // the mark is of other bytes, or of nobody
		}
	case !before:
		return nil
	default:
		var counts bool
		if m.Mark, counts = oldMark(key, *v, named(metadata), *sum.SHA256); !counts {
			return nil
		}
	}
	v.Metadata = map[string]string{feed.MarkOrigin: m.Origin, feed.MarkCopied: feed.Stamp(key, written(*v))}
	if m.Tombstone {
		v.Metadata[feed.MarkTombstone] = "1"
	}
	return nil
}

// oldMark reads a mark that is metadata. It is that of these bytes where their digest, which was put with it, is still theirs.
func oldMark(key string, v feed.Version, all map[string]string, sum string) (m feed.Mark, counts bool) {
	if !feed.Stamped(all[feed.MarkCopied], key, written(v)) {
		return m, false
	}
	if !strings.Contains(sum, "-") { // of parts it is a digest of digests
		body, err := hex.DecodeString(all[feed.OldSHA256])
		if err != nil || base64.StdEncoding.EncodeToString(body) != sum {
			return m, false
		}
	}
	return feed.Mark{Origin: all[feed.MarkOrigin], Tombstone: all[feed.MarkTombstone] != ""}, all[feed.MarkOrigin] != ""
}

// forgetPutBack takes marks away that were read with an object and put back with another one: of one stamp only the
// oldest version's counts.
func forgetPutBack(all []feed.Version, metadata map[string][]byte) {
	seen := map[string]bool{}
	slices.SortStableFunc(all, func(x, y feed.Version) int { return written(x).Compare(written(y)) })
	for i := range all {
		if !all[i].Old || all[i].Metadata == nil {
			continue
		}
		stamp := named(metadata[all[i].ID])[feed.MarkCopied]
		if seen[stamp] {
			all[i].Metadata = nil
		}
		seen[stamp] = true
	}
}

// named reads metadata as it is kept. versitygw takes what is no JSON for none.
func named(metadata []byte) (all map[string]string) {
	if json.Unmarshal(metadata, &all) != nil {
		return nil
	}
	return all
}

// written tells when a version was: an old one's file says when it was replaced.
func written(v feed.Version) time.Time {
	if id, err := ulid.ParseStrict(v.ID); err == nil {
		return ulid.Time(id.Time())
	}
	return time.UnixMilli(v.Modified)
}

// shown returns the metadata of a version as the request may see it: with its mark where it asks for that, and never
// with one that was kept as metadata.
func (b *backend) shown(ctx context.Context, bucket, key, version string, metadata map[string]string) (map[string]string, error) {
	asks := header(ctx, feed.MarkHeader) == feed.AskMark
	if !asks && metadata[feed.MarkCopied] == "" {
		return metadata, nil
	}
	all, err := b.versionsOf(bucket, key)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(v feed.Version) bool { return v.ID == version || (version == "" && v.Latest) })
	if i < 0 {
		return metadata, nil
	}
	out := maps.Clone(metadata)
	if all[i].Old {
		for _, name := range []string{feed.MarkOrigin, feed.MarkCopied, feed.MarkTombstone, feed.OldSHA256} {
			delete(out, name)
		}
	}
	if asks {
		maps.DeleteFunc(out, func(name, _ string) bool { return strings.HasPrefix(name, feed.Metadata) })
		if out == nil {
			out = map[string]string{}
		}
		maps.Copy(out, all[i].Metadata)
	}
	return out, nil
}
