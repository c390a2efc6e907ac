package s3

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

const (
	// MultipartBytes is the size above which a body travels in parts.
	MultipartBytes = 64 << 20
	maxParts       = 10_000
	partUnit       = 1 << 20
)

// part is a stretch of the body with its SHA-256.
type part struct {
	start, size int64
	sum         [sha256.Size]byte
}

// digest is what a body is, known before a byte is sent.
type digest struct {
	size  int64
	sum   [sha256.Size]byte
	parts []part // empty when it travels in one request
}

// partBytes depends on the size alone, so that every put of the same body has the same parts.
func partBytes(size int64) int64 {
	n := (size + maxParts - 1) / maxParts
	n = (n + partUnit - 1) / partUnit * partUnit
	return max(n, MultipartBytes)
}

// digestOf reads the body once, from its start, and goes back to it.
func digestOf(body io.ReadSeeker) (digest, error) {
	size, err := body.Seek(0, io.SeekEnd)
	if err != nil {
		return digest{}, fmt.Errorf("measure body: %w", err)
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return digest{}, fmt.Errorf("rewind body: %w", err)
	}
	d := digest{size: size}
	whole, step := sha256.New(), size
	if size > MultipartBytes {
		step = partBytes(size)
	}
	for start := int64(0); start < size; start += step {
		p := part{start: start, size: min(step, size-start)}
		w := io.Writer(whole)
		h := sha256.New()
		if step < size {
			w = io.MultiWriter(whole, h)
		}
		if _, err := io.CopyN(w, body, p.size); err != nil {
			return digest{}, fmt.Errorf("read body: %w", err)
		}
		if step < size {
			h.Sum(p.sum[:0])
			d.parts = append(d.parts, p)
		}
	}
	whole.Sum(d.sum[:0])
	_, err = body.Seek(0, io.SeekStart)
	return d, err
}

// hex is the whole body's SHA-256 as people write it.
func (d digest) hex() string { return hex.EncodeToString(d.sum[:]) }

// checksum is what the endpoint must report: of one request the body's SHA-256, of parts
// the SHA-256 of their SHA-256s and their number.
func (d digest) checksum() string {
	if len(d.parts) == 0 {
		return base64.StdEncoding.EncodeToString(d.sum[:])
	}
	h := sha256.New()
	for _, p := range d.parts {
		h.Write(p.sum[:])
	}
	return fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(h.Sum(nil)), len(d.parts))
}

// window is one part of a body; only one may be read at a time.
type window struct {
	body io.ReadSeeker
	part
	at int64
}

func (w *window) Read(b []byte) (int, error) {
	left := w.size - w.at
	if left <= 0 {
		return 0, io.EOF
	}
	if _, err := w.body.Seek(w.start+w.at, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := w.body.Read(b[:min(int64(len(b)), left)])
	w.at += int64(n)
	if errors.Is(err, io.EOF) && w.at < w.size {
		err = io.ErrUnexpectedEOF // the body became shorter
	}
	return n, err
}

func (w *window) Seek(offset int64, whence int) (int64, error) {
	base := map[int]int64{io.SeekStart: 0, io.SeekCurrent: w.at, io.SeekEnd: w.size}[whence]
	if base+offset < 0 {
		return 0, errors.New("seek before the part's start")
	}
	w.at = base + offset
	return w.at, nil
}
