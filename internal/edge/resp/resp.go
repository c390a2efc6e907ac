// Package resp reads and writes the little of Redis' protocol (RESP2) that is
// needed to ask a Sentinel or a node who leads.
//
// Invariants: a reply is bounded in depth, length and number of elements before memory is
// taken for it; for any input, reading ends in a value or an error. It never keeps a
// connection and knows no command.
package resp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Bounds of one reply.
const (
	maxDepth = 8
	maxBulk  = 1 << 20
	maxArray = 4096
	maxLine  = 64 << 10
)

// Value is one reply.
type Value struct {
	Text  string  // of a simple or bulk string
	Int   int64   // of an integer
	List  []Value // of an array
	Null  bool
	Error string // of an error reply; "" otherwise
}

// Command returns the wire form of a command.
func Command(args ...string) []byte {
	b := append([]byte{'*'}, strconv.Itoa(len(args))...)
	b = append(b, '\r', '\n')
	for _, a := range args {
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(len(a)), 10)
		b = append(b, '\r', '\n')
		b = append(b, a...)
		b = append(b, '\r', '\n')
	}
	return b
}

// Read reads one reply.
func Read(r *bufio.Reader) (Value, error) { return read(r, maxDepth) }

func read(r *bufio.Reader, depth int) (Value, error) {
	line, err := readLine(r)
	if err != nil {
		return Value{}, fmt.Errorf("read reply: %w", err)
	}
	if line == "" {
		return Value{}, errors.New("read reply: an empty line")
	}
	rest := line[1:]
	switch line[0] {
	case '+':
		return Value{Text: rest}, nil
	case '-':
		return Value{Error: rest}, nil
	case ':':
		n, err := strconv.ParseInt(rest, 10, 64)
		if err != nil {
			return Value{}, fmt.Errorf("read reply: integer %.20q: %w", rest, err)
		}
		return Value{Int: n}, nil
	case '$':
		return readBulk(r, rest)
	case '*':
		return readArray(r, rest, depth)
	}
	return Value{}, fmt.Errorf("read reply: type %q is unknown", line[0])
}

func readBulk(r *bufio.Reader, size string) (Value, error) {
	n, null, err := count(size, maxBulk)
	if err != nil || null {
		return Value{Null: null}, err
	}
	body := make([]byte, n+2)
	if _, err := io.ReadFull(r, body); err != nil {
		return Value{}, fmt.Errorf("read reply: bulk string of %d bytes: %w", n, err)
	}
	if body[n] != '\r' || body[n+1] != '\n' {
		return Value{}, fmt.Errorf("read reply: bulk string of %d bytes does not end there", n)
	}
	return Value{Text: string(body[:n])}, nil
}

func readArray(r *bufio.Reader, size string, depth int) (Value, error) {
	n, null, err := count(size, maxArray)
	if err != nil || null {
		return Value{Null: null}, err
	}
	if depth == 0 {
		return Value{}, fmt.Errorf("read reply: arrays are nested deeper than %d", maxDepth)
	}
	v := Value{List: make([]Value, 0, min(n, 64))}
	for range n {
		element, err := read(r, depth-1)
		if err != nil {
			return Value{}, err
		}
		v.List = append(v.List, element)
	}
	return v, nil
}

// count reads a length; -1 means null.
func count(s string, limit int) (n int, null bool, err error) {
	n, err = strconv.Atoi(s)
	switch {
	case err != nil:
		return 0, false, fmt.Errorf("read reply: length %.20q: %w", s, err)
	case n == -1:
		return 0, true, nil
	case n < 0 || n > limit:
		return 0, false, fmt.Errorf("read reply: length %d is outside 0-%d", n, limit)
	}
	return n, false, nil
}

func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			n := len(line)
			if n < 2 || line[n-2] != '\r' {
				return "", errors.New("a line does not end with CRLF")
			}
			return string(line[:n-2]), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		case len(line) > maxLine:
			return "", fmt.Errorf("a line is longer than %d bytes", maxLine)
		}
	}
}
