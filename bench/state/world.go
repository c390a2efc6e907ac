package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// world is one state with what was measured on it.
type world struct {
	finished, documents int
	memory              int64 // bytes of heap that the state holds
	docs                *state.Docs
	p                   *state.Projection
	next                uint64
	close               func()

	round, fold, scan []float64 // µs
}

type component struct {
	ID, Role, Health, Sync, Detail string
	Since                          time.Time
	Index                          uint64
}

// open folds a state with so many finished operations.
func open(finished, components int) (*world, error) {
	before := heap()
	w := &world{finished: finished, docs: state.NewDocs()}
	for i := range components {
		c := component{ID: fmt.Sprintf("%s/%s/unit-%d", regions[i%len(regions)], zones[i%3], i), Role: "replica", Health: "healthy", Sync: "in-sync", Detail: "timeline 1", Since: epoch}
		if err := w.docs.Put("component/"+c.ID, c); err != nil {
			return nil, err
		}
	}
	for _, r := range regions {
		err1 := w.docs.Put(availability.HomePrefix+r, availability.Home{Region: r, Serving: r, Since: epoch})
		err2 := w.docs.Put(availability.RegionPrefix+r, availability.RegionWish{Region: r})
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
	}
	for i := range finished {
		entries, err := operation(i, w.next)
		if err != nil {
			return nil, err
		}
		if err := w.apply(entries); err != nil {
			return nil, err
		}
	}
	if err := w.serve(); err != nil {
		return nil, err
	}
	w.documents = len(w.docs.Keys(""))
	w.memory = heap() - before
	return w, nil
}

func (w *world) apply(entries []journal.Record) error {
	for _, r := range entries {
		for _, f := range folds {
			if err := f(w.docs, r); err != nil {
				return err
			}
		}
		w.next = r.Index + 1
	}
	return nil
}

// serve opens a projection over the same documents, as those who read have it.
func (w *world) serve() error {
	dir, err := os.MkdirTemp("", "bench-state")
	if err != nil {
		return err
	}
	j, err := journal.Open(dir, time.Now)
	if err != nil {
		return err
	}
	stored := loaded{}
	for _, key := range w.docs.Keys("") {
		var b json.RawMessage
		if _, err := w.docs.Get(key, &b); err != nil {
			return err
		}
		stored[key] = b
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.close = func() { cancel(); w.p.Close(); _ = j.Close(); _ = os.RemoveAll(dir) }
	w.p, err = state.Open(ctx, j, stored, slog.New(slog.DiscardHandler), folds...)
	return err
}

type loaded map[string]json.RawMessage

func (l loaded) Load(context.Context) (map[string]json.RawMessage, state.Position, error) {
	return l, state.Position{}, nil
}
func (loaded) Save(context.Context, map[string]json.RawMessage, state.Position) error { return nil }

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // small
}

// repeat measures rounds and folds once more.
func (w *world) repeat(rounds int) error {
	begun := time.Now()
	for range rounds {
		if err := w.reads(); err != nil {
			return err
		}
	}
	w.round = append(w.round, micros(begun, rounds))
	var entries []journal.Record
	next := w.next
	for i := range rounds {
		e, err := entry(next+uint64(i), "route.resumed", regions[i%len(regions)]+"/postgres", "", nil) //nolint:gosec // small
		if err != nil {
			return err
		}
		e.Kind = "fence.set"
		if e.Data, err = json.Marshal(availability.Fence{Component: regions[i%len(regions)] + "/b/postgres", Epoch: fmt.Sprint(i), Reason: "it does not answer"}); err != nil {
			return err
		}
		e.Subject = regions[i%len(regions)] + "/b/postgres"
		entries = append(entries, e)
	}
	begun = time.Now()
	if err := w.apply(entries); err != nil {
		return err
	}
	w.fold = append(w.fold, micros(begun, rounds))
	begun = time.Now()
	if _, err := control.Before(w.p, 0, 0); err != nil {
		return err
	}
	w.scan = append(w.scan, micros(begun, 1))
	return nil
}

func micros(begun time.Time, n int) float64 {
	return float64(time.Since(begun).Nanoseconds()) / 1e3 / float64(n)
}

// reads is what a round of the control loop reads of the state, for all regions, while no
// member is fenced.
func (w *world) reads() error {
	for _, r := range regions {
		_, err1 := state.List[availability.Home](w.p, availability.HomePrefix)
		_, err2 := state.List[availability.RegionWish](w.p, availability.RegionPrefix)
		_, err3 := control.Unfinished(w.p)
		_, err4 := state.List[availability.Fence](w.p, availability.FencePrefix+r+"/")
		errs := []error{err1, err2, err3, err4}
		_, _, err5 := control.Find(w.p, availability.FailoverKey(r+"/postgres", 0x1234))
		errs = append(errs, err5)
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	_, err := chaos.Ongoing(w.p)
	return err
}
