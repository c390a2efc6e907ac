package feed

import (
	"encoding/base64"
	"errors"
	"strings"
)

// What a feed is asked by, as an object of the bucket that nobody can put: GET answers with a
// [Page] from the reader's own position or from after another one, PUT takes a [Confirmation], and GET
// of keys answers with what became of them, a [History] each, without looking at any other key.
const (
	Object    = "fournines-changes"
	AfterPath = Object + "/after/" // + number
	KeysPath  = Object + "/keys/"  // + [AppendKey]'s keys
)

// longestPath bounds what keys may take of a request's first line, in bytes. At least one key always fits: endpoints
// take 8 KiB with the headers, and a key of S3 has at most 1 KiB.
const longestPath = 4096

// AppendKey adds a key, of any bytes, to the end of a path of keys. It reports false, and adds nothing, where no more fit.
func AppendKey(path, key string) (string, bool) {
	next := base64.RawURLEncoding.EncodeToString([]byte(key))
	if strings.HasSuffix(path, "/") {
		return path + next, true
	}
	if len(path)+1+len(next) > longestPath {
		return path, false
	}
	return path + "." + next, true
}

// ParseKeys reads what [AppendKey] has added.
func ParseKeys(path string) ([]string, error) {
	var out []string
	for text := range strings.SplitSeq(path, ".") {
		key, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(key) == 0 {
			return nil, errKeys
		}
		out = append(out, string(key))
	}
	return out, nil
}

var errKeys = errors.New("a path of keys is each of them in base64 (RFC 4648 §5), with dots between")

// MaxBytes bounds an answer's and a confirmation's body.
const MaxBytes = 16 << 20

// pageChanges bounds the changes of one page, PageHistories the keys whose histories it tells, and
// Versions all versions of one answer.
const (
	pageChanges   = 4096
	PageHistories = 512
	Versions      = 16384
)

// Page is what a feed says at one moment.
type Page struct {
	ID      string   `json:"id"`    // of the feed; empty: nobody has begun one
	First   uint64   `json:"first"` // oldest change that is still kept, or would be
	Next    uint64   `json:"next"`  // number of the next change
	Safe    uint64   `json:"safe"`  // every change up to here has ended, with or without effect
	Slot    Slot     `json:"slot"`
	Changes []Change `json:"changes"`
	// Histories of the keys that the changes name, each once, read after them: what had ended by then is in
	// it. At most [PageHistories] of the first ones, with at most [Versions].
	Histories []History `json:"histories,omitempty"`
}

// History is all that a store has of one key, in any order.
type History struct {
	Key      []byte    `json:"key"` // of any bytes, as file names are
	Versions []Version `json:"versions"`
}

// Slot is what the reader has made durable: it has dealt with everything up to Position.
type Slot struct {
	Position uint64 `json:"position"`
	Token    []byte `json:"token,omitempty"` // of the reader's own
}

// Confirmation moves the slot of the feed with this ID; an empty ID begins a feed where there is none.
type Confirmation struct {
	ID string `json:"id"`
	Slot
}

// Version is one version of a key, as the store's directory has it.
type Version struct {
	ID       string `json:"id"`
	Modified int64  `json:"modified"` // milliseconds since 1970
	Size     int64  `json:"size"`     // bytes
	ETag     string `json:"etag,omitempty"`
	Latest   bool   `json:"latest,omitempty"`
	Marker   bool   `json:"marker,omitempty"`
	// Metadata is its mark, where it is a copy: [MarkOrigin], [MarkCopied], [MarkTombstone].
	Metadata map[string]string `json:"metadata,omitempty"`
	Print    string            `json:"print,omitempty"` // of content headers and metadata; equal ones are equal
	Old      bool              `json:"-"`               // its metadata has a mark of an earlier version, which may not count
}
