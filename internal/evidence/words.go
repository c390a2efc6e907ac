package evidence

import (
	"strconv"
	"time"
)

func times(rate float64) string { return strconv.FormatFloat(rate, 'f', 1, 64) }

// hours writes a span of seconds, such as 6h or 5m.
func hours(s float64) string {
	d := seconds(s)
	if d%time.Hour == 0 {
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strconv.Itoa(int(d/time.Minute)) + "m"
}
