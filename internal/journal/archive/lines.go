package archive

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"

	"github.com/greenlang/fournines/internal/journal"
)

// WriteLines is a [WriteFunc] that writes one entry a line: entries are canonical JSON
// and hold no line breaks.
func WriteLines(w io.Writer, _, _ uint64, rows iter.Seq2[journal.Record, error]) error {
	b := bufio.NewWriterSize(w, 1<<20)
	for r, err := range rows {
		if err != nil {
			return err
		}
		if _, err := b.Write(append(r.Bytes, '\n')); err != nil {
			return err
		}
	}
	return b.Flush()
}

// ReadLines is the [ReadFunc] of what [WriteLines] wrote.
func ReadLines(r io.ReaderAt, size int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		b := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<20)
		for {
			line, err := b.ReadBytes('\n')
			switch {
			case errors.Is(err, io.EOF) && len(line) == 0:
				return
			case errors.Is(err, io.EOF):
				err = io.ErrUnexpectedEOF
			}
			if !yield(bytes.TrimSuffix(line, []byte{'\n'}), err) || err != nil {
				return
			}
		}
	}
}
