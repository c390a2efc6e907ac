package state

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/google/btree"
)

// Index orders the documents of one type by something that they hold. It is made from the
// documents when it is first asked for, follows them from then on, and is never stored.
type Index[T any] struct {
	prefix string
	order  func(*T) string
}

// NewIndex returns an index of the documents whose keys begin with prefix. Order says where
// a document stands; empty: it is not in the index. It may only look at the document.
func NewIndex[T any](prefix string, order func(*T) string) *Index[T] { return &Index[T]{prefix, order} }

// Range is a part of an index. The zero value is all of it, in order.
type Range struct {
	Prefix string // of the order
	Below  string // only what stands before it; empty: to the end
	Last   bool   // from the end
	Limit  int    // 0: all
}

// Read returns a part of the index; the values are the caller's. While a document under the
// index's prefix cannot be read, nobody knows where it stands, and each Read fails.
func (x *Index[T]) Read(p *Projection, r Range) ([]T, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return x.ReadDocs(p.docs, r)
}

// ReadDocs is [Index.Read] for a fold.
func (x *Index[T]) ReadDocs(d *Docs, r Range) (out []T, err error) {
	o := x.of(d)
	if err := o.problem(x.prefix); err != nil {
		return nil, err
	}
	o.visit(r, func(doc *document) bool {
		var v T
		err = d.give(doc, reflect.ValueOf(&v).Elem())
		out = append(out, v)
		return err == nil && len(out) != r.Limit
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// of returns the index over d.
func (x *Index[T]) of(d *Docs) *ordered {
	d.indexes.mu.Lock()
	defer d.indexes.mu.Unlock()
	if o, ok := d.indexes.all[x]; ok {
		return o
	}
	o := &ordered{
		prefix: x.prefix, at: map[string]string{}, bad: map[string]error{},
		tree: btree.NewG(degree, func(a, b place) bool { return a.order < b.order }),
		order: func(doc *document) (string, error) {
			v, err := shared[T](doc)
			if err != nil {
				return "", err
			}
			return x.order(v), nil
		},
	}
	d.under(x.prefix, func(doc *document) bool { o.put(doc); return true })
	if d.indexes.all == nil {
		d.indexes.all = map[any]*ordered{}
	}
	d.indexes.all[x] = o
	return o
}

// indexes are those that somebody has asked for.
type indexes struct {
	mu  sync.Mutex // guards all: readers make them too
	all map[any]*ordered
}

func (x *indexes) put(doc *document) {
	for _, o := range x.all {
		if strings.HasPrefix(doc.key, o.prefix) {
			o.remove(doc.key)
			o.put(doc)
		}
	}
}

func (x *indexes) remove(key string) {
	for _, o := range x.all {
		o.remove(key)
	}
}

// ordered is one index over one set of documents.
type ordered struct {
	prefix string
	order  func(*document) (string, error)
	tree   *btree.BTreeG[place]
	at     map[string]string // key of a document → where it stands
	bad    map[string]error  // documents that cannot be read
}

// place is where a document stands: its order and, since that may be another's too, its key.
type place struct {
	order string
	doc   *document
}

func (o *ordered) put(doc *document) {
	order, err := o.order(doc)
	switch {
	case err != nil:
		o.bad[doc.key] = err
	case order != "":
		order += "\x00" + doc.key
		o.at[doc.key] = order
		o.tree.ReplaceOrInsert(place{order, doc})
	}
}

func (o *ordered) remove(key string) {
	delete(o.bad, key)
	if order, ok := o.at[key]; ok {
		delete(o.at, key)
		o.tree.Delete(place{order: order})
	}
}

// problem says which document of those under a prefix cannot be read; nil: none.
func (o *ordered) problem(prefix string) error {
	for _, bad := range o.bad {
		return fmt.Errorf("read the state's %s*: %w", prefix, bad)
	}
	return nil
}

// visit goes through a part until f says no.
func (o *ordered) visit(r Range, f func(*document) bool) {
	if !r.Last {
		o.tree.AscendGreaterOrEqual(place{order: r.Prefix}, func(p place) bool {
			return strings.HasPrefix(p.order, r.Prefix) && (r.Below == "" || p.order < r.Below) && f(p.doc)
		})
		return
	}
	end := r.Below
	if end == "" {
		end = r.Prefix + "\xff" // no order has it: it is no UTF-8
	}
	o.tree.DescendLessOrEqual(place{order: end}, func(p place) bool {
		return p.order == end || strings.HasPrefix(p.order, r.Prefix) && f(p.doc)
	})
}
