package journal

import (
	"container/list"
	"errors"
	"os"
	"sync"
)

// openFiles keeps the segments open that were read last.
type openFiles struct {
	mu    sync.Mutex // guards what follows
	order list.List  // of *openFile, the newest first
	known map[uint64]*list.Element
}

type openFile struct {
	first uint64
	file  *os.File
}

// maxOpen bounds the segments that are open for reading.
const maxOpen = 16

// read fills b from a segment's file.
func (o *openFiles) read(x span, b []byte) error {
	for {
		f, err := o.get(x)
		if err != nil {
			return err
		}
		if _, err = f.ReadAt(b, x.start); !errors.Is(err, os.ErrClosed) { // another reader needed its place
			return err
		}
	}
}

func (o *openFiles) get(x span) (*os.File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e, ok := o.known[x.segment]; ok {
		o.order.MoveToFront(e)
		return e.Value.(*openFile).file, nil
	}
	f, err := os.Open(x.path)
	if err != nil {
		return nil, err
	}
	if o.known == nil {
		o.known = map[uint64]*list.Element{}
	}
	o.known[x.segment] = o.order.PushFront(&openFile{x.segment, f})
	if o.order.Len() <= maxOpen {
		return f, nil
	}
	old := o.order.Remove(o.order.Back()).(*openFile)
	delete(o.known, old.first)
	return f, old.file.Close()
}

func (o *openFiles) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for e := o.order.Front(); e != nil; e = e.Next() {
		errs = append(errs, e.Value.(*openFile).file.Close())
	}
	o.order.Init()
	clear(o.known)
	return errors.Join(errs...)
}
