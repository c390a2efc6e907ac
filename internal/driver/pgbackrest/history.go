package pgbackrest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// ancestor is a timeline that another one continues, and where it left it.
type ancestor struct {
	timeline uint32
	left     int64
}

// parseHistory reads a history file of PostgreSQL: one ancestor in each line, the oldest first,
// "1\t0/3000158\treason".
func parseHistory(b []byte) ([]ancestor, error) {
	var out []ancestor
	for line := range bytes.Lines(b) {
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		fields := strings.Fields(text)
		if len(fields) < 2 {
			return nil, fmt.Errorf("read a timeline's history: %.80q is no TIMELINE POSITION REASON", text)
		}
		n, err := strconv.ParseUint(fields[0], 10, 32)
		if err != nil || n == 0 {
			return nil, fmt.Errorf("read a timeline's history: %.80q is no timeline", fields[0])
		}
		left, err := parsePosition(fields[1])
		if err != nil {
			return nil, fmt.Errorf("read a timeline's history: %w", err)
		}
		a := ancestor{timeline: uint32(n), left: left}
		if len(out) > 0 && (out[len(out)-1].timeline >= a.timeline || out[len(out)-1].left > a.left) {
			return nil, fmt.Errorf("read a timeline's history: timeline %d at %s stands after timeline %d", a.timeline, fields[1], out[len(out)-1].timeline)
		}
		out = append(out, a)
	}
	return out, nil
}
