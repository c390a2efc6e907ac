package pgbackrest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stored is a file of the repository.
type stored struct {
	path string // below what was listed
	size int64  // bytes
	at   time.Time
}

// parseListing reads `repo-ls --output=json`. A path that does not exist lists as an empty one.
func parseListing(b []byte) ([]stored, error) {
	var all map[string]struct {
		Type string `json:"type"`
		Size int64  `json:"size"`
		Time int64  `json:"time"`
	}
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("read a listing of the repository: %w", err)
	}
	if len(all) == 0 { // it lists itself
		return nil, errors.New("read a listing of the repository: it is none")
	}
	var out []stored
	for path, f := range all {
		if f.Type != "path" {
			out = append(out, stored{path: path, size: f.Size, at: time.Unix(f.Time, 0).UTC()})
		}
	}
	slices.SortFunc(out, func(a, b stored) int { return cmp.Compare(a.path, b.path) })
	return out, nil
}

// archive is what is stored of one archive.
type archive struct {
	segments  map[uint32][]storedSegment // by timeline, in order of their numbers
	histories []uint32                   // timelines that have a history file, in order
}

// storedSegment is one segment and how it is stored.
type storedSegment struct {
	number int64
	at     time.Time
	wrong  string // why recovery would stop at it; empty: nothing is known against it
}

var (
	segmentFile = regexp.MustCompile(`^[0-9A-F]{16}/([0-9A-F]{24})-[0-9a-f]{40}(\.[a-z0-9]+)?$`)
	historyFile = regexp.MustCompile(`^([0-9A-F]{8})\.history$`)
)

// archiveOf sorts the files of one archive. Partial segments and backup labels are none of it.
func archiveOf(files []stored, size int64) archive {
	a := archive{segments: map[uint32][]storedSegment{}}
	for _, f := range files {
		if m := historyFile.FindStringSubmatch(f.path); m != nil && f.size > 0 {
			if n, err := strconv.ParseUint(m[1], 16, 32); err == nil {
				a.histories = append(a.histories, uint32(n))
			}
			continue
		}
		m := segmentFile.FindStringSubmatch(f.path)
		if m == nil {
			continue
		}
		s, err := parseSegment(m[1], size)
		if err != nil || !strings.HasPrefix(f.path, s.folder(size)+"/") {
			continue // of another size: the chain then misses it
		}
		one := storedSegment{number: s.number, at: f.at}
		if f.size == 0 {
			one.wrong = "it is stored empty"
		}
		line := a.segments[s.timeline]
		if n := len(line); n > 0 && line[n-1].number == one.number {
			line[n-1].wrong = "it is stored twice, with different content"
			continue
		}
		a.segments[s.timeline] = append(line, one)
	}
	for _, line := range a.segments {
		slices.SortStableFunc(line, func(a, b storedSegment) int { return cmp.Compare(a.number, b.number) })
	}
	slices.Sort(a.histories)
	return a
}
