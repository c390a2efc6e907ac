package wiring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/durable"
	"github.com/greenlang/fournines/internal/journal/witness"
	"github.com/greenlang/fournines/internal/quorum"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

// witnesses runs our witness and the feeder of our checkpoints for the peers that the
// state names, and records what they find. A change of peers starts both anew.
type witnesses struct {
	house    *wing.House
	options  Options
	changed  chan struct{} // the peers are others than before
	accused  chan struct{} // a finding is waiting in the witness
	troubles chan witness.Alarm
	waiting  *witness.Alarm // taken from troubles and not recorded yet; only record uses it

	mu       sync.RWMutex // guards what follows; requests hold it for reading
	own      *witness.Witness
	peers    []compliance.Peer
	cosigned map[string]cosigned // by peer's name
}

// cosigned is the newest checkpoint of ours that a peer has cosigned.
type cosigned struct {
	size uint64
	at   time.Time
}

const cosignedFile = "cosigned" // our newest checkpoint with the cosignatures it got

func newWitnesses(h *wing.House, o Options) *witnesses {
	return &witnesses{
		house: h, options: o, changed: make(chan struct{}, 1), accused: make(chan struct{}, 1), troubles: make(chan witness.Alarm, 1024), cosigned: map[string]cosigned{},
	}
}

// open opens our witness, so that its key exists from the start.
func (w *witnesses) open() error {
	var err error
	w.own, err = w.witness(nil)
	return err
}

// run follows the peers until ctx ends. Our witness answers on when it fails: operations do
// not wait for it.
func (w *witnesses) run(ctx context.Context) error {
	stop := func() {}
	defer func() { stop() }()
	for ctx.Err() == nil {
		stop()
		peers, err := w.all()
		if err == nil {
			stop, err = w.serve(ctx, peers)
		}
		if err != nil {
			return err
		}
		select {
		case <-w.changed:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// all are the servers that watch our journal: those that people named, and those that hold
// it with us.
func (w *witnesses) all() ([]compliance.Peer, error) {
	peers, err := state.List[compliance.Peer](w.house.State, compliance.PeerPrefix)
	if err != nil {
		return nil, err
	}
	peers = append(peers, w.options.Peers()...)
	slices.SortFunc(peers, func(a, b compliance.Peer) int { return strings.Compare(a.Name, b.Name) })
	return peers, nil
}

// serve runs witness and feeder for these peers until stop is called.
func (w *witnesses) serve(ctx context.Context, peers []compliance.Peer) (stop func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.peers = peers
	if err := w.closeOwn(); err != nil {
		return func() {}, err
	}
	if w.own, err = w.witness(peers); err != nil || len(peers) == 0 {
		return func() {}, err
	}
	f, err := w.feeder(peers)
	if err != nil {
		return func() {}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = f.Run(ctx) // it ends with ctx
	}()
	return func() { cancel(); <-done }, nil
}

func (w *witnesses) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closeOwn()
}

// closeOwn closes our witness. The caller holds mu.
func (w *witnesses) closeOwn() error {
	if w.own == nil {
		return nil
	}
	err := w.own.Close()
	w.own = nil
	return err
}

func (w *witnesses) witness(peers []compliance.Peer) (*witness.Witness, error) {
	logs := witness.Logs{}
	for _, p := range peers {
		if p.Log == w.house.Journal.VerifierKey() { // another server's witness of this journal: it has no other
			continue
		}
		if err := logs.Add(p.Log); err != nil {
			return nil, err
		}
	}
	return witness.New(witness.Options{
		Dir: filepath.Join(w.house.Dir, "witness"), Name: compliance.WitnessName(w.house.Journal.Origin(), w.house.Seat.Number, w.house.Seat.Region), Logs: logs, Now: w.house.Now,
		Alarm:  func(witness.Finding) { wait.Poke(w.accused) },
		Failed: func(err error) { w.house.Log.Error("witness", "err", err) },
	})
}

func (w *witnesses) feeder(peers []compliance.Peer) (*witness.Feeder, error) {
	keys := witness.Logs{}
	if err := keys.Add(w.house.Journal.VerifierKey()); err != nil {
		return nil, err
	}
	last, err := os.ReadFile(filepath.Join(w.house.Dir, cosignedFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	o := witness.FeederOptions{
		Log: ownLog{w.house.Journal, w.options.Leads}, Keys: keys, Now: w.house.Now, Last: last, Cosigned: w.keep,
		Alarm: w.alarm,
	}
	for _, p := range peers {
		o.Peers = append(o.Peers, witness.Peer{URL: strings.TrimSuffix(p.URL, "/") + compliance.WitnessPath, Key: p.Witness})
	}
	return witness.NewFeeder(o)
}

func (w *witnesses) alarm(a witness.Alarm) {
	select {
	case w.troubles <- a:
	default:
		w.house.Log.Error("an alarm about witnesses could not be recorded", "alarm", a.String())
	}
}

// ownLog is our journal as its feeder reads it.
type ownLog struct {
	journal *journal.Journal
	leads   func() bool
}

func (l ownLog) Checkpoint(context.Context) ([]byte, error) {
	if !l.leads() { // another server may have told of more
		return nil, quorum.ErrDeposed
	}
	b, _ := l.journal.Checkpoint()
	return b, nil
}

func (l ownLog) Consistency(_ context.Context, a, b uint64) ([][]byte, error) {
	return l.journal.Consistency(a, b)
}

// keep keeps our cosigned checkpoint, and notes who has cosigned it.
func (w *witnesses) keep(signed []byte, _ int) error {
	if err := durable.Replace(durable.OS{}, filepath.Join(w.house.Dir, cosignedFile), signed); err != nil {
		return err
	}
	keys := witness.Logs{}
	if err := keys.Add(w.house.Journal.VerifierKey()); err != nil {
		return err
	}
	c, err := keys.Open(signed)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.peers {
		names, err := witness.Quorum(signed, []string{p.Witness}, 1)
		if err != nil {
			continue
		}
		if _, again := w.cosigned[p.Name]; !again { // what was raised before a restart is over
			for _, t := range []witness.Trouble{witness.Away, witness.Shrunk, witness.Contradicted} {
				w.alarm(witness.Alarm{Trouble: t, Witness: names[0], At: w.house.Now(), Cleared: true})
			}
		}
		w.cosigned[p.Name] = cosigned{c.Size, w.house.Now()}
	}
	return nil
}

// ServeHTTP answers other servers' feeders.
func (w *witnesses) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.own == nil {
		http.Error(rw, "the witness is being started; ask again", http.StatusServiceUnavailable)
		return
	}
	http.StripPrefix(compliance.WitnessPath, w.own).ServeHTTP(rw, r)
}

// record turns findings and alarms into entries, each once. The next round begins with
// those that could not be recorded.
func (w *witnesses) record(ctx context.Context) error {
	for {
		if w.waiting != nil {
			if err := w.note(ctx, *w.waiting); err != nil {
				return fmt.Errorf("record the alarm %q: %w", w.waiting.String(), err)
			}
			w.waiting = nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.accused:
			if err := w.accuse(ctx); err != nil {
				wait.Poke(w.accused)
				return fmt.Errorf("record evidence against another journal, which is kept meanwhile: %w", err)
			}
		case a := <-w.troubles:
			w.waiting = &a
		}
	}
}

func (w *witnesses) accuse(ctx context.Context) error {
	w.mu.RLock()
	var findings []witness.Finding
	if w.own != nil {
		findings = w.own.Findings()
	}
	w.mu.RUnlock()
	known, err := state.List[compliance.Accusation](w.house.State, compliance.AccusationPrefix)
	if err != nil {
		return err
	}
	for _, f := range compliance.Unknown(findings, known) {
		w.house.Log.Error("another journal is not what it was", "evidence", f.String())
		if err := wing.Record(ctx, w.house, compliance.Accused, f.Origin, f); err != nil {
			return err
		}
	}
	return nil
}

func (w *witnesses) note(ctx context.Context, a witness.Alarm) error {
	t := compliance.Trouble{Trouble: a.Trouble, Witness: a.Witness, Since: a.Since}
	subject := "journal"
	if a.Witness != "" {
		subject = a.Witness
	}
	known, err := w.house.State.Get(t.Key(), &compliance.Trouble{})
	if err != nil || known != a.Cleared {
		return err // told already, before a restart
	}
	w.house.Log.Log(ctx, map[bool]slog.Level{false: slog.LevelError, true: slog.LevelInfo}[a.Cleared], "witnesses", "alarm", a.String())
	if a.Cleared {
		return wing.Record(ctx, w.house, compliance.TroubleOver, subject, t)
	}
	t.Detail = journal.Brief(fmt.Sprint(a.Err))
	return wing.Record(ctx, w.house, compliance.TroubleRaised, subject, t)
}
