package archive

import (
	"fmt"
	"strconv"
	"strings"
)

// The prefixes of the bucket's keys.
const (
	tilePrefix       = "tile/"
	partPrefix       = "part/"
	checkpointPrefix = "checkpoint/"
	manifestPrefix   = "manifest/"

	partExt     = ".parquet"
	manifestExt = ".json"
	digits      = 20
)

// PartKey returns the key of the table of the entries [first, next).
func PartKey(first, next uint64) string { return rangeKey(partPrefix, first, next, partExt) }

// ManifestKey returns the key of the manifest of the part [first, next).
func ManifestKey(first, next uint64) string {
	return rangeKey(manifestPrefix, first, next, manifestExt)
}

// CheckpointKey returns the key of the checkpoint over the first size entries.
func CheckpointKey(size uint64) string { return fmt.Sprintf("%s%0*d", checkpointPrefix, digits, size) }

func rangeKey(prefix string, first, next uint64, ext string) string {
	return fmt.Sprintf("%s%0*d-%0*d%s", prefix, digits, first, digits, next, ext)
}

// ParsePart reads a key as [PartKey] writes it, and nothing else.
func ParsePart(key string) (first, next uint64, ok bool) {
	return parseRange(key, partPrefix, partExt)
}

func parseRange(key, prefix, ext string) (first, next uint64, ok bool) {
	body, found := strings.CutPrefix(key, prefix)
	body, ended := strings.CutSuffix(body, ext)
	a, b, both := strings.Cut(body, "-")
	first, err1 := strconv.ParseUint(a, 10, 64)
	next, err2 := strconv.ParseUint(b, 10, 64)
	ok = found && ended && both && err1 == nil && err2 == nil && first < next && rangeKey(prefix, first, next, ext) == key
	return first, next, ok
}

// ParseCheckpoint reads a key as [CheckpointKey] writes it, and nothing else.
func ParseCheckpoint(key string) (size uint64, ok bool) {
	text, found := strings.CutPrefix(key, checkpointPrefix)
	size, err := strconv.ParseUint(text, 10, 64)
	return size, found && err == nil && size > 0 && CheckpointKey(size) == key
}
