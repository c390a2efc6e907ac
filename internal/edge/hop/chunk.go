package hop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxLine bounds a chunk's size line with its extensions, and a trailer line.
const maxLine = 4 << 10

var errChunk = errors.New("a chunk does not end at its declared length")

// readChunked reads from the present chunk, or the next one.
func (a *Answer) readChunked(p []byte) (int, error) {
	if a.left <= 0 {
		if err := a.nextChunk(); err != nil {
			return 0, err
		}
	}
	if int64(len(p)) > a.left {
		p = p[:a.left]
	}
	n, err := a.conn.Read(p)
	a.left -= int64(n)
	if err == io.EOF { //nolint:errorlint // exactly: what wraps it is a broken answer
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// nextChunk reads the end of the last chunk and the size of the next; after
// the last it reads the trailers and returns io.EOF.
func (a *Answer) nextChunk() error {
	if a.chunks {
		line, err := a.line()
		if err != nil {
			return err
		}
		if line != "" {
			return malformed(errChunk)
		}
	}
	a.chunks = true
	line, err := a.line()
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	a.left, err = parseSize(strings.TrimRight(size, " \t"))
	if err != nil {
		return malformed(err)
	}
	if a.left > 0 {
		return nil
	}
	return a.readTrailer()
}

// parseSize reads hexadecimal digits only: no sign, prefix or underscore.
func parseSize(s string) (int64, error) {
	if s == "" || len(s) > 15 {
		return 0, fmt.Errorf("chunk size %.40q is not a size", s)
	}
	for i := range len(s) {
		c := s[i]
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return 0, fmt.Errorf("chunk size %.40q is not hexadecimal", s)
		}
	}
	return strconv.ParseInt(s, 16, 64)
}

func (a *Answer) readTrailer() error {
	for range 100 {
		line, err := a.line()
		if err != nil {
			return err
		}
		if line == "" {
			a.ended = true
			return io.EOF
		}
		p, err := parseField(line)
		if err != nil {
			return malformed(err)
		}
		a.trailer = append(a.trailer, p)
	}
	return malformed(errors.New("more than a hundred trailers"))
}

// line reads one line of the chunk framing.
func (a *Answer) line() (string, error) {
	cn := a.conn
	for {
		have := cn.buf[cn.r:cn.w]
		if i := bytes.IndexByte(have, '\n'); i >= 0 {
			line := string(bytes.TrimSuffix(have[:i], []byte{'\r'}))
			cn.r += i + 1
			return line, nil
		}
		if len(have) > maxLine {
			return "", malformed(errors.New("a line of the chunk framing is longer than 4 KiB"))
		}
		if err := cn.fill(maxHead); err != nil {
			if err == io.EOF { //nolint:errorlint // exactly: what wraps it is a broken answer
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
	}
}
