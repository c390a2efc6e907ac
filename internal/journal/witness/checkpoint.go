package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

// Checkpoint is a log's signed tree head (https://c2sp.org/tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   []byte // RFC 6962, 32 bytes
	Text   string // the note's text: what signatures cover, extension lines included
	Signed []byte // the note with the signatures of the log that were verified
}

// empty is what is known of a log before its first checkpoint.
func empty(origin string) Checkpoint {
	return Checkpoint{Origin: origin, Root: rfc6962.DefaultHasher.EmptyRoot()}
}

var errMalformed = errors.New("malformed checkpoint")

// ParseCheckpoint reads the text of a checkpoint. It verifies nothing.
func ParseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" {
		return Checkpoint{}, fmt.Errorf("%w: an origin, a size and a root are needed, each on a line", errMalformed)
	}
	lines = lines[:len(lines)-1]
	for i, l := range lines {
		if l == "" {
			return Checkpoint{}, fmt.Errorf("%w: line %d is empty", errMalformed, i+1)
		}
	}
	size, err := parseSize(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: root %w", errMalformed, err)
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root, Text: text}, nil
}

// parseSize reads a decimal without sign or leading zeroes.
func parseSize(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("%q is not a tree size: decimal digits without leading zeroes are", clip(s))
	}
	return n, nil
}

// parseHash reads a SHA-256 in standard base64, in its one canonical form.
func parseHash(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != 32 || base64.StdEncoding.EncodeToString(b) != s {
		return nil, fmt.Errorf("%q is not 32 bytes in base64", clip(s))
	}
	return b, nil
}

// clip keeps errors short when strangers fill them.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

var (
	errUnknownLog = errors.New("unknown log")
	errUnsigned   = errors.New("no valid signature of the log")
)

// Open verifies a checkpoint against the log's verifier keys, given per origin. One
// valid signature is enough; those of other keys are ignored and left out of Signed.
func (l Logs) Open(signed []byte) (Checkpoint, error) {
	_, err := note.Open(signed, nil)
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return Checkpoint{}, fmt.Errorf("%w: it is not a signed note", errMalformed)
	}
	c, err := ParseCheckpoint(unverified.Note.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	keys, ok := l[c.Origin]
	if !ok {
		return Checkpoint{}, fmt.Errorf("%w %q: add its verifier key to the list of logs", errUnknownLog, clip(c.Origin))
	}
	n := note.Note{Text: unverified.Note.Text}
	for _, k := range keys { // one by one: a bad signature of one key must not hide a good one of another
		if v, err := note.Open(signed, note.VerifierList(k)); err == nil {
			n.Sigs = append(n.Sigs, v.Sigs...)
		}
	}
	if len(n.Sigs) == 0 {
		return Checkpoint{}, fmt.Errorf("%w %q: the checkpoint is forged, or the log has a key that is not listed here", errUnsigned, clip(c.Origin))
	}
	if c.Signed, err = note.Sign(&n); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return c, nil
}

func (c Checkpoint) sameRoot(o Checkpoint) bool { return bytes.Equal(c.Root, o.Root) }
