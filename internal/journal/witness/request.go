package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Bounds of a request (https://c2sp.org/tlog-witness; the whole body is our own bound).
const (
	MaxProof = 63       // hashes in a consistency proof
	MaxBody  = 64 << 10 // bytes
)

// Request is the body of POST /add-checkpoint.
type Request struct {
	Old        uint64   // size of the checkpoint that the proof starts from
	Proof      [][]byte // RFC 6962, 2.1.2: each 32 bytes
	Checkpoint []byte   // a signed note, not verified yet
}

var errRequest = errors.New("malformed request")

// ParseRequest reads a body exactly as it is specified; anything else is refused.
func ParseRequest(body []byte) (Request, error) {
	head, checkpoint, found := bytes.Cut(body, []byte("\n\n"))
	if !found || len(checkpoint) == 0 {
		return Request{}, fmt.Errorf("%w: an empty line and a checkpoint must follow the proof", errRequest)
	}
	lines := strings.Split(string(head), "\n")
	number, found := strings.CutPrefix(lines[0], "old ")
	if !found {
		return Request{}, fmt.Errorf("%w: it must begin with \"old SIZE\", not %q", errRequest, clip(lines[0]))
	}
	r := Request{Checkpoint: checkpoint}
	var err error
	if r.Old, err = parseSize(number); err != nil {
		return Request{}, fmt.Errorf("%w: old size %w", errRequest, err)
	}
	if len(lines)-1 > MaxProof {
		return Request{}, fmt.Errorf("%w: %d lines of proof, at most %d are allowed", errRequest, len(lines)-1, MaxProof)
	}
	for _, l := range lines[1:] {
		h, err := parseHash(l)
		if err != nil {
			return Request{}, fmt.Errorf("%w: proof line %w", errRequest, err)
		}
		r.Proof = append(r.Proof, h)
	}
	return r, nil
}

// Body renders the request.
func (r Request) Body() []byte {
	var b bytes.Buffer
	b.WriteString("old " + strconv.FormatUint(r.Old, 10) + "\n")
	for _, h := range r.Proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h) + "\n")
	}
	b.WriteByte('\n')
	b.Write(r.Checkpoint)
	return b.Bytes()
}
