package pgbackrest

import (
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// file is the entry of the log of one file: "backup file PATH (bundle 2/0, 448KB, 25.96%) checksum …".
// The percentage is of all files together.
var file = regexp.MustCompile(`^(?:backup|restore|checksum resumed) file .+ \((?:[a-z]+ [0-9/]+, )*([0-9]+(?:\.[0-9]+)?)(B|KB|MB|GB|TB|PB), ([0-9]+(?:\.[0-9]+)?)%\)`)

var units = map[string]float64{"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40, "PB": 1 << 50}

// parseFile reads the entry of one file: its size in bytes, as far as it is not rounded, and how
// much of everything is done with it.
func parseFile(text string) (size int64, done float64, ok bool) {
	m := file.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, false
	}
	n, err1 := strconv.ParseFloat(m[1], 64)
	percent, err2 := strconv.ParseFloat(m[3], 64)
	n *= units[m[2]]
	if err1 != nil || err2 != nil || n > math.MaxInt64/2 || percent > 100 {
		return 0, 0, false
	}
	return int64(n), percent / 100, true
}

// follow adds up what the log says of files, and tells it to whoever asks.
func follow(tell func(fact.BackupProgress)) func(message) {
	if tell == nil {
		return nil
	}
	begun := time.Now()
	var p fact.BackupProgress
	return func(m message) {
		size, done, ok := parseFile(m.text)
		if !ok {
			return
		}
		p.Files++
		p.Done += size
		p.Elapsed = time.Since(begun)
		if done > 0 {
			p.Total = max(p.Done, int64(min(float64(p.Done)/done, math.MaxInt64/2)))
		}
		tell(p)
	}
}
