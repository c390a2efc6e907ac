package state

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/google/btree"
)

// Docs is the set of documents a Fold works on, in the order of their keys. One goroutine
// may change it while nobody reads; any number may read it while nobody changes it.
type Docs struct {
	all     *btree.BTreeG[*document]
	dirty   map[string]json.RawMessage // what changed since it was saved; nil: it left
	copiers sync.Map                   // reflect.Type → copier
	indexes indexes
}

// degree of the trees: nodes of up to 63 documents.
const degree = 32

// NewDocs returns an empty set, for tests of folds and for folding some entries anew.
func NewDocs() *Docs { return newDocs(nil) }

func newDocs(stored map[string]json.RawMessage) *Docs {
	d := &Docs{all: btree.NewG(degree, func(a, b *document) bool { return a.key < b.key }), dirty: map[string]json.RawMessage{}}
	for k, v := range stored {
		d.all.ReplaceOrInsert(&document{key: k, raw: v})
	}
	return d
}

func (d *Docs) find(key string) (*document, bool) { return d.all.Get(&document{key: key}) }

// Get replaces what v points to by the document, and tells whether there is one; without
// one, and where the document cannot be read, v stays as it is. The value is the caller's.
func (d *Docs) Get(key string, v any) (bool, error) {
	doc, ok := d.find(key)
	if !ok {
		return false, nil
	}
	into := reflect.ValueOf(v)
	if into.Kind() != reflect.Pointer || into.IsNil() {
		return false, fmt.Errorf("document %s: it cannot be read into a %T: pass a pointer", key, v)
	}
	return true, d.give(doc, into.Elem())
}

// Put sets the document. It keeps nothing of v.
func (d *Docs) Put(key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("document %s: %w", key, err)
	}
	doc := &document{key: key, raw: b}
	d.all.ReplaceOrInsert(doc)
	d.dirty[key] = b
	d.indexes.put(doc)
	return nil
}

// Delete removes the document.
func (d *Docs) Delete(key string) {
	d.all.Delete(&document{key: key})
	d.dirty[key] = nil
	d.indexes.remove(key)
}

// Keys returns the keys that begin with prefix, sorted.
func (d *Docs) Keys(prefix string) []string {
	var out []string
	d.under(prefix, func(doc *document) bool { out = append(out, doc.key); return true })
	return out
}

// under visits the documents whose keys begin with prefix, in order, until visit says no.
func (d *Docs) under(prefix string, visit func(*document) bool) {
	d.all.AscendGreaterOrEqual(&document{key: prefix}, func(doc *document) bool {
		return strings.HasPrefix(doc.key, prefix) && visit(doc)
	})
}

// ListDocs returns the documents whose keys begin with prefix, sorted by key. One that
// cannot be read fails all. The values are the caller's.
func ListDocs[T any](d *Docs, prefix string) (out []T, err error) {
	d.under(prefix, func(doc *document) bool {
		var v T
		err = d.give(doc, reflect.ValueOf(&v).Elem())
		out = append(out, v)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
