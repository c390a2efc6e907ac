package state

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync/atomic"
)

// document is one document as it was put. It never changes: the next Put makes another
// document.
type document struct {
	key     string
	raw     json.RawMessage
	decoded atomic.Pointer[decoded] // what it was decoded to, by type
}

// decoded is a document's value in one type. It never leaves this package: callers receive
// a deep copy, which they may change.
type decoded struct {
	typ   reflect.Type
	value reflect.Value // of that type
	next  *decoded
}

// as returns the value in a type; the first call decodes it. The value is shared: callers
// must not change it.
func (doc *document) as(typ reflect.Type) (reflect.Value, error) {
	first := doc.decoded.Load()
	for d := first; d != nil; d = d.next {
		if d.typ == typ {
			return d.value, nil
		}
	}
	p := reflect.New(typ)
	if err := json.Unmarshal(doc.raw, p.Interface()); err != nil {
		return reflect.Value{}, fmt.Errorf("document %s: %w", doc.key, err)
	}
	// Where two decode at once, one of the two is kept; they are equal.
	doc.decoded.CompareAndSwap(first, &decoded{typ, p.Elem(), first})
	return p.Elem(), nil
}

// give sets into to the caller's own copy of the document's value.
func (d *Docs) give(doc *document, into reflect.Value) error {
	c := d.copier(into.Type())
	if c == nil { // it cannot be copied, so each gets one that was decoded for it
		p := reflect.New(into.Type())
		if err := json.Unmarshal(doc.raw, p.Interface()); err != nil {
			return fmt.Errorf("document %s: %w", doc.key, err)
		}
		into.Set(p.Elem())
		return nil
	}
	v, err := doc.as(into.Type())
	if err == nil {
		c(into, v)
	}
	return err
}

// copier returns what copies values of a type, nil where that is not possible.
func (d *Docs) copier(typ reflect.Type) copier {
	if c, ok := d.copiers.Load(typ); ok {
		return c.(copier) //nolint:forcetypeassert // only copiers are stored
	}
	c, _ := copierOf(typ, nil)
	d.copiers.Store(typ, c)
	return c
}

// shared returns a document's value, to be looked at only.
func shared[T any](doc *document) (*T, error) {
	v, err := doc.as(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	return v.Addr().Interface().(*T), nil //nolint:forcetypeassert // as gives this type
}
