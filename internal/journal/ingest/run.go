package ingest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// pair says at which index of the journal an id was recorded. The id is 64 bits of its
// hash: the entry itself tells whether it is the one.
type pair struct{ hash, index uint64 }

// run is a file of pairs, sorted, with all audit events of the journal's entries from
// the index from on, below to.
type run struct {
	path     string
	file     *os.File
	from, to uint64
	newest   time.Time // when it was closed: no event of it is younger
	n        int
	filter   filter
}

const (
	runMagic  = "fn ids\x01\n"
	runHeader = 8 + 4*8 + 4
	pairBytes = 16
	runSuffix = ".ids"
)

func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// writeRun makes the file of a run, durable and whole or not at all.
func writeRun(f durable.Files, dir string, from, to uint64, now time.Time, pairs []pair) (*run, error) {
	sort.Slice(pairs, func(i, k int) bool {
		return pairs[i].hash < pairs[k].hash || (pairs[i].hash == pairs[k].hash && pairs[i].index < pairs[k].index)
	})
	b := make([]byte, runHeader, runHeader+len(pairs)*pairBytes)
	copy(b, runMagic)
	for i, v := range []uint64{from, to, uint64(now.UnixNano()), uint64(len(pairs))} { //nolint:gosec // and back again
		binary.LittleEndian.PutUint64(b[8+8*i:], v)
	}
	for _, p := range pairs {
		b = binary.LittleEndian.AppendUint64(b, p.hash)
		b = binary.LittleEndian.AppendUint64(b, p.index)
	}
	binary.LittleEndian.PutUint32(b[runHeader-4:], castagnoli(b[runHeader:])^castagnoli(b[:runHeader-4]))
	path := filepath.Join(dir, fmt.Sprintf("%020d%s", from, runSuffix))
	if err := durable.Replace(f, path, b); err != nil {
		return nil, fmt.Errorf("keep ids of audit events: %w", err)
	}
	return openRun(path)
}

// parseRun checks a run's bytes.
func parseRun(b []byte) (*run, error) {
	if len(b) < runHeader || !bytes.HasPrefix(b, []byte(runMagic)) {
		return nil, errors.New("it is not a file of ids")
	}
	v := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8+8*i:]) }
	n := v(3)
	if n > uint64(len(b)) || len(b) != runHeader+int(n)*pairBytes || v(0) > v(1) || //nolint:gosec // just compared
		castagnoli(b[runHeader:])^castagnoli(b[:runHeader-4]) != binary.LittleEndian.Uint32(b[runHeader-4:]) {
		return nil, errors.New("its bytes do not match their checksum")
	}
	r := &run{from: v(0), to: v(1), newest: time.Unix(0, int64(v(2))), n: int(n), filter: newFilter(int(n))} //nolint:gosec // as written
	for i := runHeader; i < len(b); i += pairBytes {
		r.filter.add(binary.LittleEndian.Uint64(b[i:]))
	}
	return r, nil
}

func openRun(path string) (*run, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r, err := parseRun(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.path = path
	r.file, err = os.Open(path)
	return r, err
}

func (r *run) pair(i int) (p pair, err error) {
	var b [pairBytes]byte
	_, err = r.file.ReadAt(b[:], int64(runHeader+i*pairBytes))
	return pair{binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])}, err
}

// find appends the indexes of an id.
func (r *run) find(h uint64, found []uint64) ([]uint64, error) {
	if !r.filter.may(h) {
		return found, nil
	}
	var failed error
	i := sort.Search(r.n, func(i int) bool {
		p, err := r.pair(i)
		failed = errors.Join(failed, err)
		return p.hash >= h
	})
	for ; i < r.n && failed == nil; i++ {
		p, err := r.pair(i)
		if err != nil || p.hash != h {
			failed = err
			break
		}
		found = append(found, p.index)
	}
	if failed != nil {
		return found, fmt.Errorf("read ids of audit events: %w", failed)
	}
	return found, nil
}
