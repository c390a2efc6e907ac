package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// response is a cosignature line, or else the size that the witness has.
type response struct {
	line string
	size uint64
}

// maxAnswer bounds what a witness may answer, in bytes.
const maxAnswer = 16 << 10

// post sends one request and verifies what comes back.
func (f *Feeder) post(ctx context.Context, p *peer, r Request) (response, error) {
	url := strings.TrimSuffix(p.url, "/") + "/add-checkpoint"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(r.Body()))
	if err != nil {
		return response{}, fmt.Errorf("ask witness %s: %w", p.cosigner.Name(), err)
	}
	resp, err := f.o.Client.Do(req)
	if err != nil {
		return response{}, fmt.Errorf("ask witness %s: %w", p.cosigner.Name(), err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return response{}, fmt.Errorf("read answer of witness %s: %w", p.cosigner.Name(), err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		line, err := cosignatureOf(p.cosigner, r.Checkpoint, string(body))
		return response{line: line}, err
	case http.StatusConflict:
		size, err := conflictSize(resp.Header.Get("Content-Type"), string(body))
		if err != nil {
			return response{}, fmt.Errorf("witness %s: %w", p.cosigner.Name(), err)
		}
		return response{size: size}, nil
	case http.StatusUnprocessableEntity:
		return response{}, &trouble{Contradicted, fmt.Errorf("witness %s refuses the proof of our log from size %d: our log's history differs from the one it cosigned; stop writing and compare with the witness's evidence (%s)", p.cosigner.Name(), r.Old, clip(strings.TrimSpace(string(body))))}
	default:
		return response{}, fmt.Errorf("witness %s answers %s: %s", p.cosigner.Name(), resp.Status, clip(strings.TrimSpace(string(body))))
	}
}

var errConflict = errors.New("its 409 names no size")

func conflictSize(content, body string) (uint64, error) {
	line, found := strings.CutSuffix(body, "\n")
	if !found || content != "text/x.tlog.size" {
		return 0, errConflict
	}
	size, err := parseSize(line)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errConflict, err)
	}
	return size, nil
}

// cosignatureOf picks this witness's line out of its answer and verifies it over the
// checkpoint that was sent. Lines of other keys are ignored.
func cosignatureOf(c Cosigner, checkpoint []byte, answer string) (string, error) {
	signed := textOf(string(checkpoint)) + "\n" + answer
	n, err := note.Open([]byte(signed), note.VerifierList(c))
	if err != nil {
		return "", fmt.Errorf("witness %s answers without a valid cosignature of its key %s: %w", c.Name(), c, err)
	}
	if textOf(signed) != textOf(string(checkpoint)) {
		return "", fmt.Errorf("witness %s answers with a text of its own", c.Name())
	}
	return "— " + n.Sigs[0].Name + " " + n.Sigs[0].Base64 + "\n", nil
}
