package witness

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/greenlang/fournines/internal/journal/durable"
)

const (
	evidenceDir = "evidence"
	// maxEvidence bounds what is kept of one kind against one log: repeated old checkpoints
	// must not fill the disk.
	maxEvidence = 16
)

// evidence keeps findings, one file each.
type evidence struct {
	f   durable.Files
	dir string

	mu    sync.Mutex
	found map[string]Finding // by ID
}

func openEvidence(f durable.Files, dir string) (*evidence, error) {
	e := &evidence{f: f, dir: dir, found: map[string]Finding{}}
	names, err := f.Names(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		b, err := f.Read(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("read evidence: %w", err)
		}
		var finding Finding
		if err := json.Unmarshal(b, &finding); err != nil {
			return nil, fmt.Errorf("evidence %s is damaged (%w): keep a copy of the file elsewhere and move it away", filepath.Join(dir, name), err)
		}
		e.found[finding.ID()] = finding
	}
	return e, nil
}

// keep stores a finding and tells whether it is new. When it cannot be stored it is
// remembered all the same, and the error says so.
func (e *evidence) keep(f Finding) (fresh bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id, alike := f.ID(), 0
	if _, known := e.found[id]; known {
		return false, nil
	}
	for _, o := range e.found {
		if o.Kind == f.Kind && o.Origin == f.Origin {
			alike++
		}
	}
	if alike >= maxEvidence {
		return false, nil
	}
	e.found[id] = f
	b, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return true, err
	}
	return true, durable.Replace(e.f, filepath.Join(e.dir, id+".json"), append(b, '\n'))
}

func (e *evidence) all() []Finding {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]Finding, 0, len(e.found))
	for _, f := range e.found {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Finding) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID(), b.ID()))
	})
	return out
}
