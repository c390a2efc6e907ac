package witness

import (
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Logs are the logs that are known, by origin, each with the keys it may sign with. There
// is no trust on first use: a log that is not listed is refused.
type Logs map[string][]note.Verifier

// ParseLogs reads the known logs, one "log VKEY" on a line, as in
// https://c2sp.org/tlog-policy; # begins a comment. A key's name is the log's origin, and
// a log that changes its key is listed with both.
func ParseLogs(text string) (Logs, error) {
	logs := Logs{}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 || fields[0] != "log" {
			return nil, fmt.Errorf("list of logs, line %d: want \"log NAME+HASH+KEY\", found %q", i+1, clip(line))
		}
		if err := logs.Add(fields[1]); err != nil {
			return nil, fmt.Errorf("list of logs, line %d: %w", i+1, err)
		}
	}
	return logs, nil
}

// Add lists one log's verifier key: an Ed25519 vkey of https://c2sp.org/signed-note.
func (l Logs) Add(vkey string) error {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return fmt.Errorf("verifier key %q: %w", clip(vkey), err)
	}
	for _, k := range l[v.Name()] {
		if k.KeyHash() == v.KeyHash() {
			return fmt.Errorf("verifier key %q is listed twice", clip(vkey))
		}
	}
	l[v.Name()] = append(l[v.Name()], v)
	return nil
}
