package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The decoder of the footer takes memory for as many elements as a list says that it has.
// bounded walks the footer first (Thrift's compact protocol) and refuses one whose lists,
// maps or texts are longer than the bytes that are left.
func bounded(r io.ReaderAt, size int64) error {
	var end [8]byte
	if size < 12 {
		return fmt.Errorf("%w: it has %d bytes", ErrDamaged, size)
	}
	if _, err := r.ReadAt(end[:], size-8); err != nil {
		return fmt.Errorf("%w: its end: %w", ErrDamaged, err)
	}
	n := int64(binary.LittleEndian.Uint32(end[:4]))
	if string(end[4:]) != "PAR1" || n > size-12 || n > maxFooter {
		return fmt.Errorf("%w: its end is not that of a Parquet file", ErrDamaged)
	}
	b := make([]byte, n)
	if _, err := r.ReadAt(b, size-8-n); err != nil {
		return fmt.Errorf("%w: its footer: %w", ErrDamaged, err)
	}
	w := walker{b}
	if err := w.value(thriftStruct, 0); err != nil {
		return fmt.Errorf("%w: its footer: %w", ErrDamaged, err)
	}
	return nil
}

const (
	maxFooter = 16 << 20
	maxNested = 32

	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI64    = 6 // 4 to 6 are integers
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

var errFooter = errors.New("it ends too early, or promises more than it has")

// walker is what is left of the bytes.
type walker struct{ b []byte }

func (w *walker) skip(n uint64) error {
	if n > uint64(len(w.b)) {
		return errFooter
	}
	w.b = w.b[n:]
	return nil
}

func (w *walker) octet() (byte, error) {
	if len(w.b) == 0 {
		return 0, errFooter
	}
	c := w.b[0]
	w.b = w.b[1:]
	return c, nil
}

func (w *walker) varint() (uint64, error) {
	v, n := binary.Uvarint(w.b)
	if n <= 0 {
		return 0, errFooter
	}
	w.b = w.b[n:]
	return v, nil
}

func (w *walker) value(kind byte, depth int) error {
	if depth > maxNested {
		return errFooter
	}
	switch {
	case kind == thriftStruct:
		return w.fields(depth)
	case kind == thriftList || kind == thriftSet:
		return w.list(depth)
	case kind == thriftMap:
		return errors.New("a footer has no maps")
	case kind == thriftBinary:
		n, err := w.varint()
		return errors.Join(err, w.skip(n))
	case kind == thriftDouble:
		return w.skip(8)
	case kind >= thriftTrue && kind <= thriftByte:
		return w.skip(1)
	case kind <= thriftI64 && kind > 0:
		_, err := w.varint()
		return err
	}
	return fmt.Errorf("type %d is unknown", kind)
}

func (w *walker) fields(depth int) error {
	for {
		head, err := w.octet()
		if err != nil || head == 0 {
			return err
		}
		if head>>4 == 0 { // the field's number follows
			if _, err := w.varint(); err != nil {
				return err
			}
		}
		kind := head & 15
		if kind == thriftTrue || kind == thriftFalse {
			continue // the type is the value
		}
		if err := w.value(kind, depth+1); err != nil {
			return err
		}
	}
}

func (w *walker) list(depth int) error {
	head, err := w.octet()
	if err != nil {
		return err
	}
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = w.varint(); err != nil {
			return err
		}
	}
	if n > uint64(len(w.b)) { // an element has at least one byte
		return errFooter
	}
	for range n {
		if err := w.value(head&15, depth+1); err != nil {
			return err
		}
	}
	return nil
}
