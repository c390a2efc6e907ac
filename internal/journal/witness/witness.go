package witness

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// Options of a [Witness].
type Options struct {
	Dir  string // records, evidence and the key; locked against a second process
	Name string // of this witness as cosigner: a URL without scheme
	Logs Logs   // all the logs it will ever cosign
	Now  func() time.Time

	// Alarm is told each new piece of evidence, after it is on disk, and every stored one
	// again at New, so that a crash in between loses none: see [Finding.ID]. It must not
	// block: a request waits for it.
	Alarm func(Finding)
	// Failed is told what went wrong with the disk. The sender gets 500 and tries again.
	Failed func(error)
	Files  durable.Files // nil means the operating system's
}

// Witness keeps the last checkpoint of each known log and cosigns what extends it. It is
// an [http.Handler] for POST /add-checkpoint.
type Witness struct {
	o     Options
	key   Key
	lock  io.Closer
	logs  map[string]*witnessed // by origin; fixed after New
	proof *evidence
}

// witnessed is one log; its lock makes comparing and keeping one step.
type witnessed struct {
	mu sync.Mutex
	record
}

// New opens the witness in o.Dir, and makes its key and directory when both are missing.
func New(o Options) (*Witness, error) {
	w := &Witness{o: o, logs: map[string]*witnessed{}}
	if o.Files == nil {
		lock, err := durable.Lock(o.Dir)
		if err != nil {
			return nil, fmt.Errorf("open witness: %w", err)
		}
		w.o.Files, w.lock = durable.OS{}, lock
	}
	if err := w.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open witness in %s: %w", o.Dir, err), w.Close())
	}
	return w, nil
}

func (w *Witness) open() error {
	f, dir := w.o.Files, w.o.Dir
	if err := f.Make(filepath.Join(dir, evidenceDir)); err != nil {
		return err
	}
	for _, d := range []string{dir, filepath.Join(dir, evidenceDir)} {
		if err := durable.Sweep(f, d); err != nil {
			return err
		}
	}
	names, err := f.Names(dir)
	if err != nil {
		return err
	}
	if records := slices.ContainsFunc(names, isRecord); records && !slices.Contains(names, keyFile) {
		return fmt.Errorf("%s is gone, but records are there: restore the key, or move the records away and give every verifier the new key", keyFile)
	}
	if w.key, err = ensureKey(f, filepath.Join(dir, keyFile), w.o.Name); err != nil {
		return err
	}
	for origin := range w.o.Logs {
		r, err := readRecord(f, dir, origin, w.o.Logs)
		if err != nil {
			return err
		}
		w.logs[origin] = &witnessed{record: r}
	}
	if w.proof, err = openEvidence(f, filepath.Join(dir, evidenceDir)); err != nil {
		return err
	}
	for _, finding := range w.proof.all() {
		w.alarm(finding)
	}
	return nil
}

const keyFile = "witness.key"

// Close gives the directory back. Requests must have ended.
func (w *Witness) Close() error {
	if w.lock == nil {
		return nil
	}
	return w.lock.Close()
}

// Cosigner returns what verifiers and feeders must know of this witness.
func (w *Witness) Cosigner() Cosigner { return w.key.Public() }

// Known returns the last checkpoint cosigned for a log and since when it is known.
func (w *Witness) Known(origin string) (Checkpoint, time.Time, bool) {
	l, ok := w.logs[origin]
	if !ok {
		return Checkpoint{}, time.Time{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, l.at, l.seen()
}

// Findings returns the stored evidence, oldest first.
func (w *Witness) Findings() []Finding { return w.proof.all() }

func (w *Witness) alarm(f Finding) {
	if w.o.Alarm != nil {
		w.o.Alarm(f)
	}
}

func (w *Witness) failed(err error) {
	if w.o.Failed != nil {
		w.o.Failed(err)
	}
}
