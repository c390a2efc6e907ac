package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/greenlang/fournines/kit/audit"
)

// batch is one request's events on their way into the journal.
type batch struct {
	application string
	events      []audit.Event
	hashes      []uint64
	results     []audit.Result
	fresh       []int       // those that will be appended
	twins       map[int]int // those that repeat an earlier one of the batch
}

// known answers events that were recorded before, and leaves the others in fresh.
func (b *batch) known(s *Service) error {
	first := make(map[tenantID]int, len(b.events))
	b.twins = map[int]int{}
	for i := range b.events {
		e := &b.events[i]
		key := tenantID{e.Tenant, e.ID}
		if k, again := first[key]; again {
			if alike(&b.events[k], e) {
				b.twins[i] = k
			} else {
				b.conflict(i, fmt.Sprintf("event id %s of tenant %s stands for another event in the same batch, events[%d]; give each event an id of its own", e.ID, e.Tenant, k))
			}
			continue
		}
		first[key] = i
		done, err := b.recorded(s, i)
		if err != nil {
			return err
		}
		if !done {
			b.fresh = append(b.fresh, i)
		}
	}
	return nil
}

func alike(a, b *audit.Event) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

type tenantID struct{ tenant, id string }

// recorded looks for one event in the journal.
func (b *batch) recorded(s *Service, i int) (bool, error) {
	e := &b.events[i]
	candidates, err := s.seen.find(b.hashes[i])
	if err != nil {
		return false, later(5*time.Second, "%w", err)
	}
	for _, index := range candidates {
		records, err := s.o.Journal.Read(index, 1)
		if err != nil {
			return false, later(5*time.Second, "read entry %d again: %w", index, err)
		}
		if len(records) == 0 {
			continue
		}
		got, ours := owner(&records[0], b.application, e)
		if !ours {
			continue
		}
		field, err := difference(s.o.Sealer, &records[0], got, b.application, e)
		if err != nil {
			return false, err
		}
		if field != "" {
			b.conflict(i, fmt.Sprintf("event id %s of tenant %s was recorded as entry %d with another %s; give this event an id of its own", e.ID, e.Tenant, index, field))
		} else {
			b.results[i].Index, b.results[i].Duplicate = index, true
		}
		return true, nil
	}
	return false, nil
}

func (b *batch) conflict(i int, detail string) {
	b.results[i].Error = &audit.Refusal{Status: http.StatusConflict, Detail: detail}
}

// admit takes events out of fresh that are over their tenants' quotas.
func (b *batch) admit(t *tenants, now time.Time) {
	count := map[string]int{}
	for _, i := range b.fresh {
		count[b.events[i].Tenant]++
	}
	over := map[string]*audit.Refusal{}
	for name, n := range count {
		took, wait := t.take(tenant{b.application, name}, n, now)
		count[name] = took
		if took < n {
			over[name] = &audit.Refusal{
				Status: http.StatusTooManyRequests, RetryAfter: wait.Seconds(),
				Detail: fmt.Sprintf("tenant %s is over its quota of %g events a second (%g at once); send the rest again after %s", name, t.quota.PerSecond, t.quota.Burst, wait.Round(time.Millisecond)),
			}
		}
	}
	kept := b.fresh[:0]
	for _, i := range b.fresh {
		if name := b.events[i].Tenant; count[name] > 0 {
			count[name]--
			kept = append(kept, i)
		} else {
			b.results[i].Error = over[name]
		}
	}
	b.fresh = kept
}

func (b *batch) giveBack(t *tenants) {
	count := map[string]int{}
	for _, i := range b.fresh {
		count[b.events[i].Tenant]++
	}
	for name, n := range count {
		t.giveBack(tenant{b.application, name}, n)
	}
}
