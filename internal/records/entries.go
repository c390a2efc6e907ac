package records

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/spec"
)

// Entries implements the doors' interface. It reads backwards through the log, so a page near
// its end is fast at any size of the log.
func (x *Records) Entries(_ context.Context, f api.EntryFilter) (api.Page[api.Entry], error) {
	const chunk = 512
	var page api.Page[api.Entry]
	if err := x.kindExists(f.Kind); err != nil {
		return page, err
	}
	to := x.house.Journal.Head().Size
	if f.Before > 0 {
		to = min(to, f.Before)
	}
	for to > f.From {
		from := max(f.From, to-min(to, chunk))
		records, err := x.house.Journal.Read(from, int(to-from)) //nolint:gosec // at most chunk
		if err != nil {
			return page, err
		}
		for _, r := range slices.Backward(records) {
			if !matches(r.Entry, f) {
				continue
			}
			if len(page.Items) == f.Limit {
				page.Next = strconv.FormatUint(page.Items[f.Limit-1].Index, 10)
				return page, nil
			}
			e, err := x.apiEntry(r)
			if err != nil {
				return page, err
			}
			page.Items = append(page.Items, e)
		}
		to = from
	}
	return page, nil
}

// kindExists refuses a kind of entry that is not declared, and a prefix that no kind has.
func (x *Records) kindExists(kind string) error {
	var names []string
	for _, k := range x.options.Kinds() {
		if strings.HasSuffix(kind, ".") && strings.HasPrefix(k.Name, kind) {
			return nil
		}
		names = append(names, k.Name)
	}
	slices.Sort(names)
	return spec.Among("kind of entry", kind, names)
}

func matches(e journal.Entry, f api.EntryFilter) bool {
	kind := f.Kind == "" || e.Kind == f.Kind || (strings.HasSuffix(f.Kind, ".") && strings.HasPrefix(e.Kind, f.Kind))
	return kind && (f.Subject == "" || e.Subject == f.Subject) && (f.Operation == "" || e.Operation == f.Operation)
}

func (x *Records) apiEntry(r journal.Record) (api.Entry, error) {
	persons, erased, err := x.options.Persons(r.Data)
	return api.Entry{
		Sealed: persons, Erased: erased,
		Index: r.Index, Time: r.Time, Kind: r.Kind, Subject: r.Subject, Operation: r.Operation,
		Actor: r.Actor, Reason: r.Reason, Trace: r.Trace, Approval: r.Approval, Data: r.Data, Hash: hex.EncodeToString(r.Hash),
	}, err
}

func (x *Records) Entry(_ context.Context, index uint64) (api.Entry, error) {
	records, err := x.house.Journal.Read(index, 1)
	if err != nil {
		return api.Entry{}, err
	}
	if len(records) == 0 {
		return api.Entry{}, fmt.Errorf("the journal has no entry %d, its newest is %d: %w", index, max(x.house.Journal.Head().Size, 1)-1, api.ErrNotFound)
	}
	return x.apiEntry(records[0])
}

func (x *Records) Changes(ctx context.Context) <-chan uint64 {
	out := make(chan uint64, 1)
	go func() {
		defer close(out)
		for size := x.house.Journal.Head().Size; ; {
			next, err := x.house.Journal.Wait(ctx, size)
			if err != nil {
				return
			}
			size = next
			select {
			case <-out: // a newer one replaces what was not taken
			default:
			}
			out <- size - 1
		}
	}()
	return out
}

// Kinds returns every kind of entry that there can be, by name.
func (x *Records) Kinds(context.Context) ([]api.EntryKind, error) {
	kinds := x.options.Kinds()
	schemas, err := journal.Schemas(kinds)
	if err != nil {
		return nil, err
	}
	out := make([]api.EntryKind, 0, len(kinds))
	for _, k := range kinds {
		out = append(out, api.EntryKind{Name: k.Name, Doc: k.Doc, Schema: schemas[k.Name]})
	}
	slices.SortFunc(out, func(a, b api.EntryKind) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
