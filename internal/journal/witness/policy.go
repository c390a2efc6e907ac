package witness

import (
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// Quorum checks that at least k of the witnesses, given by their vkeys, have cosigned the
// checkpoint, and returns the names of those that have. Two vkeys with the same public
// key count once: the signature does not name its signer. Lines of unknown keys, and bad
// lines of known ones, count nothing. The log's own signature is for [Logs.Open].
//
// A cosignature's time is not judged: how old a checkpoint may be is the caller's question.
func Quorum(cosigned []byte, witnesses []string, k int) ([]string, error) {
	keys := map[string]bool{}
	var cosigners []Cosigner
	for _, vkey := range witnesses {
		c, err := ParseCosigner(vkey)
		if err != nil {
			return nil, fmt.Errorf("quorum: %w", err)
		}
		if !keys[string(c.key)] {
			keys[string(c.key)] = true
			cosigners = append(cosigners, c)
		}
	}
	if k < 1 || k > len(cosigners) {
		return nil, fmt.Errorf("quorum: %d of %d witnesses is not possible: ask for 1 to %d", k, len(cosigners), len(cosigners))
	}
	var names []string
	for _, c := range cosigners {
		if _, err := note.Open(cosigned, note.VerifierList(c)); err == nil {
			names = append(names, c.Name())
		}
	}
	if len(names) < k {
		return names, fmt.Errorf("quorum: %d of %d witnesses have cosigned %v, %d must: do not rely on this checkpoint yet", len(names), len(cosigners), names, k)
	}
	return names, nil
}
