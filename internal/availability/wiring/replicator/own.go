package replicator

import (
	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/fact"
)

// wrote is what the replicator has left of a key in one store: so many versions, of which this is the current one.
type wrote struct {
	latest   string
	versions int
}

func newWrote(regions ...string) map[string]map[string]wrote {
	all := map[string]map[string]wrote{}
	for _, region := range regions {
		all[region] = map[string]wrote{}
	}
	return all
}

// noteOwn remembers what a key's copies have left, so that it is known again when a feed names it for them. A deletion it looks at once more.
func (r *Replicator) noteOwn(p pair, copies []replica.Copy, shown map[string]s3.Over) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for region, h := range map[string]fact.ObjectHistory{r.A.Region: p.a, r.B.Region: p.b} {
		w, written := shown[region]
		if !written || !r.course.Fed() {
			continue
		}
		delete(r.wrote[region], p.key)
		if w.Version == "" {
			continue
		}
		n := len(h.Versions)
		for _, c := range copies {
			if c.To == region {
				n++
				if c.Delete { // a tombstone and its marker
					n++
				}
			}
		}
		r.wrote[region][p.key] = wrote{w.Version, n}
	}
}

// forgetOwn forgets those keys that one feed names for the replicator's own copies only: the store has them as they were left, and the
// other feed would have named what was written there since.
func (r *Replicator) forgetOwn(a, b told) {
	for region, t := range map[string]told{r.A.Region: a, r.B.Region: b} {
		for key, h := range t.Histories {
			w, ok := r.wrote[region][key]
			if !ok {
				continue
			}
			delete(r.wrote[region], key)
			n, isNamed := r.left[key]
			here, there := &n.a, n.b
			if region == r.B.Region {
				here, there = &n.b, n.a
			}
			if !isNamed || there != (span{}) || w != (wrote{h.Latest().ID, len(h.Versions)}) {
				continue
			}
			if *here = here.ended(t.Feed.Safe); *here == (span{}) {
				delete(r.left, key)
			}
		}
	}
}
