package journal

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Head is the journal's size and RFC 6962 tree head.
type Head struct {
	Size uint64 `json:"size"`
	Root string `json:"root"` // hexadecimal
}

const (
	headFile  = "head"
	headMagic = "fn head\x01"
	headBytes = 8 + 8 + 32 + 8 + 4
)

// acknowledged is the last size and root that a caller was told of, and the last time
// that the journal stamped. It is written over in place after each group, without a
// sync: it may lag behind the log, never lead it.
type acknowledged struct {
	size  uint64
	root  tiles.Hash
	stamp time.Time
}

func (a acknowledged) encode() []byte {
	b := make([]byte, 0, headBytes)
	b = append(b, headMagic...)
	b = binary.LittleEndian.AppendUint64(b, a.size)
	b = append(b, a.root[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(a.stamp.UnixNano())) //nolint:gosec // and back again
	return binary.LittleEndian.AppendUint32(b, castagnoli(b))
}

var errHead = errors.New("the file head is not one that a journal wrote")

func decodeHead(b []byte) (acknowledged, error) {
	if len(b) != headBytes || string(b[:8]) != headMagic || castagnoli(b[:headBytes-4]) != binary.LittleEndian.Uint32(b[headBytes-4:]) {
		return acknowledged{}, errHead
	}
	return acknowledged{
		size:  binary.LittleEndian.Uint64(b[8:]),
		root:  tiles.Hash(b[16:48]),
		stamp: time.Unix(0, int64(binary.LittleEndian.Uint64(b[48:]))).UTC(), //nolint:gosec // as it was written
	}, nil
}

// readHead reads what was acknowledged last. A server may be writing it at this moment:
// what it writes is there at the next look.
func readHead(dir string) (acknowledged, error) {
	for tries := 3; ; tries-- {
		b, err := os.ReadFile(filepath.Join(dir, headFile))
		if errors.Is(err, fs.ErrNotExist) {
			return acknowledged{}, &DamageError{dir, 0, Missing, "the file head is gone, which says how much was acknowledged"}
		}
		if err != nil {
			return acknowledged{}, here(dir, err)
		}
		a, err := decodeHead(b)
		if err == nil {
			return a, nil
		}
		if tries == 0 {
			return a, &DamageError{dir, 0, BitRot, err.Error()}
		}
	}
}
