package witness

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// recordFile is how a record stands on disk.
type recordFile struct {
	Checkpoint string    `json:"checkpoint"` // signed note
	At         time.Time `json:"at"`
}

const recordSuffix = ".record.json"

func isRecord(name string) bool { return strings.HasSuffix(name, recordSuffix) }

// recordPath hashes the origin: it may hold slashes.
func recordPath(dir, origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(dir, hex.EncodeToString(sum[:])+recordSuffix)
}

// readRecord reads and verifies what is known of a log. A record that is damaged is never
// taken for a missing one: that would let the log start again.
func readRecord(f durable.Files, dir, origin string, logs Logs) (record, error) {
	path := recordPath(dir, origin)
	b, err := f.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return record{last: empty(origin)}, nil
	}
	if err != nil {
		return record{}, fmt.Errorf("record of log %s: %w", origin, err)
	}
	var r recordFile
	if err := json.Unmarshal(b, &r); err != nil {
		return record{}, fmt.Errorf("record of log %s in %s is damaged (%w): restore it from a backup, or accept that this witness forgets the log and remove it", origin, path, err)
	}
	c, err := logs.Open([]byte(r.Checkpoint))
	if err != nil {
		return record{}, fmt.Errorf("record of log %s in %s: %w: where the log has changed its key, list the old one too until it is cosigned under the new one", origin, path, err)
	}
	if c.Origin != origin || r.At.IsZero() {
		return record{}, fmt.Errorf("record of log %s in %s is of log %s, cosigned %s: the files were mixed up; restore them", origin, path, c.Origin, r.At)
	}
	return record{last: c, at: r.At}, nil
}

func writeRecord(f durable.Files, dir string, r record) error {
	b, err := json.Marshal(recordFile{string(r.last.Signed), r.at})
	if err != nil {
		return err
	}
	return durable.Replace(f, recordPath(dir, r.last.Origin), append(b, '\n'))
}
