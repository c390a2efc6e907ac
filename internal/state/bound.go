package state

import "time"

// Bound limits how many ended documents the state keeps: all that ended within Keep, and the
// Newest of the others that are no older than Age. Ages count from the newest ended document
// and not from a clock, so the documents alone decide which of them leave: entries that are
// folded again after a crash give the same documents.
type Bound[T any] struct {
	Over   *Index[T]           // ended documents, the oldest first; no other document leaves
	Ended  func(*T) time.Time  // it may only look at the document
	With   func(*T) (p string) // prefix of keys that leave with it; nil: none
	Keep   time.Duration
	Newest int
	Age    time.Duration
}

// leaveMost is how many documents leave at one entry: a state that an earlier version let
// grow shrinks over some minutes instead of standing still for them.
const leaveMost = 8

// Prune removes the documents beyond the bound. A fold calls it at each entry. While a
// document of the kind cannot be read, nothing of the kind leaves.
func (b Bound[T]) Prune(d *Docs) {
	o := b.Over.of(d)
	for range leaveMost {
		oldest, any := o.tree.Min()
		newest, _ := o.tree.Max()
		if !any || len(o.bad) > 0 {
			return
		}
		old, err1 := shared[T](oldest.doc)
		young, err2 := shared[T](newest.doc)
		if err1 != nil || err2 != nil { // then they were not in the index
			return
		}
		age := b.Ended(young).Sub(b.Ended(old))
		if age <= b.Keep || (o.tree.Len() <= b.Newest && age <= b.Age) {
			return
		}
		if b.With != nil {
			for _, key := range d.Keys(b.With(old)) {
				d.Delete(key)
			}
		}
		d.Delete(oldest.doc.key)
	}
}

// Order writes a journal index so that text sorts as the number does.
func Order(index uint64) string {
	const digits = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[15-i] = digits[index>>(4*i)&15]
	}
	return string(b[:])
}

// Complete tells whether everything that ended since a moment is still here.
func (b Bound[T]) Complete(p *Projection, since time.Time) (bool, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	o := b.Over.of(p.docs)
	newest, any := o.tree.Max()
	if !any || len(o.bad) > 0 {
		return len(o.bad) == 0, o.problem(b.Over.prefix)
	}
	young, err := shared[T](newest.doc)
	if err != nil {
		return false, err
	}
	age := b.Ended(young).Sub(since)
	return age <= b.Keep || (o.tree.Len() < b.Newest && age <= b.Age), nil
}
