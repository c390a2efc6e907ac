package gateway

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/versity/versitygw/backend/posix"
	"golang.org/x/sys/unix"
)

// versitygw keeps an object in the file that its key names. Some keys name no file of their own: a//b and a/b are the same
// path, inv cannot be a file while inv/1 is one, a key that ends with a slash is a directory. Such an object is kept apart, in
// a file that is named by the whole key's encoding, so that every key is an object of its own, whatever else is there.
const (
	apartDir   = posix.MetaTmpDir + "/keys" // in the bucket's directory; listings of versitygw leave it out
	apartChunk = 192                        // bytes of a directory's name
	apartEnd   = "="                        // ends the file's name, and no directory's
)

// apart is the name that versitygw knows an object by that is kept apart.
func apart(key string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(key))
	var b strings.Builder
	b.WriteString(apartDir)
	for len(text) > apartChunk {
		b.WriteString("/" + text[:apartChunk])
		text = text[apartChunk:]
	}
	return b.String() + "/" + text + apartEnd
}

// keyOf reads what apart has written; another name is the key itself.
func keyOf(at string) string {
	text, isApart := strings.CutPrefix(at, apartDir+"/")
	text, whole := strings.CutSuffix(text, apartEnd)
	key, err := base64.RawURLEncoding.Strict().DecodeString(strings.ReplaceAll(text, "/", ""))
	if !isApart || !whole || err != nil || apart(string(key)) != at {
		return at
	}
	return string(key)
}

// pathlike tells whether a key is a path of its own.
func pathlike(key string) bool {
	return !strings.ContainsRune(key, 0) && !slices.ContainsFunc(strings.Split(key, "/"), func(s string) bool { return s == "" || s == "." || s == ".." })
}

// internal tells whether a path is taken for versitygw's own by listings or by the sweep.
func internal(key string) bool {
	return slices.ContainsFunc(strings.Split(key, "/"), func(s string) bool { return s == posix.MetaTmpDir || linkName.MatchString(s) })
}

// place returns the name by which versitygw knows a key that is written: itself, or apart. An object that exists stays
// where it is.
func (b *backend) place(bucket, key string) string {
	at := apart(key)
	if !pathlike(key) || strings.HasPrefix(key, posix.MetaTmpDir+"/") || key == posix.MetaTmpDir {
		return at
	}
	if _, err := os.Lstat(b.path(bucket, at)); err == nil {
		return at
	}
	switch info, err := os.Lstat(b.path(bucket, key)); {
	case err == nil && info.IsDir(), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ENAMETOOLONG):
		return at
	case err != nil && internal(key):
		return at
	}
	return key
}

// placed returns the name of a key that is read. A folder of earlier versions is a directory.
func (b *backend) placed(bucket, key string) string {
	at := b.place(bucket, key)
	folder, slash := strings.CutSuffix(key, "/")
	if !slash || !pathlike(folder) {
		return at
	}
	if _, err := os.Lstat(b.path(bucket, at)); err == nil {
		return at
	}
	if _, err := b.attributes.RetrieveAttribute(nil, bucket, folder, attrETag); err != nil {
		return at
	}
	if info, err := os.Lstat(b.path(bucket, folder)); err != nil || !info.IsDir() {
		return at
	}
	return key
}

// keysApart returns the keys of a bucket that are kept apart, in order: those with a prefix, after a key.
func (b *backend) keysApart(bucket, prefix, after string) ([]string, error) {
	root := b.path(bucket, "")
	var out []string
	err := filepath.WalkDir(filepath.Join(root, apartDir), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // there are none, or it was removed meanwhile
			return nil
		}
		if err != nil || e.IsDir() {
			return err
		}
		at, err := filepath.Rel(root, path)
		if key := keyOf(at); err == nil && key != at && strings.HasPrefix(key, prefix) && key > after {
			out = append(out, key)
		}
		return err
	})
	slices.Sort(out)
	return out, err
}
