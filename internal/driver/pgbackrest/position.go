package pgbackrest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parsePosition reads a position in the write-ahead log, "0/2000028": two hexadecimal numbers of
// 32 bits each. Positions are in bytes.
func parsePosition(s string) (int64, error) {
	high, low, ok := strings.Cut(s, "/")
	h, err1 := strconv.ParseUint(high, 16, 32)
	l, err2 := strconv.ParseUint(low, 16, 32)
	if !ok || err1 != nil || err2 != nil || h > math.MaxInt32 {
		return 0, fmt.Errorf("%q is no position in the write-ahead log, such as 0/2000028", s)
	}
	return int64(h)<<32 | int64(l), nil
}

// position writes what parsePosition reads.
func position(p int64) string {
	return fmt.Sprintf("%X/%X", uint32(p>>32), uint32(p))
}
