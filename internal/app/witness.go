package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/durable"
	"github.com/greenlang/fournines/internal/journal/witness"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

// witnesses runs our witness and the feeder of our checkpoints for the peers that the
// state names, and records what they find. A change of peers starts both anew.
type witnesses struct {
	s        *ServerApp
	dir      string
	changed  chan struct{} // the peers are others than before
	accused  chan struct{} // a finding is waiting in the witness
	troubles chan witness.Alarm

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

func newWitnesses(s *ServerApp, dir string) *witnesses {
	return &witnesses{
		s: s, dir: dir, changed: make(chan struct{}, 1), accused: make(chan struct{}, 1), troubles: make(chan witness.Alarm, 1024), cosigned: map[string]cosigned{},
	}
}

// open opens our witness, so that its key exists from the start.
func (w *witnesses) open() error {
	var err error
	w.own, err = w.witness(nil)
	return err
}

// run follows the peers until ctx ends.
func (w *witnesses) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { w.record(ctx) })
	stop := func() {}
	for ctx.Err() == nil {
		stop()
		peers, err := w.s.witnessPeers()
		if err == nil {
			stop, err = w.serve(ctx, peers)
		}
		if err != nil {
			w.s.Log.Error("witnesses do not run; operations go on without", "err", err)
		}
		select {
		case <-w.changed:
		case <-ctx.Done():
		}
	}
	stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.close(); err != nil {
		w.s.Log.Error("witness", "err", err)
	}
}

// serve runs witness and feeder for these peers until stop is called.
func (w *witnesses) serve(ctx context.Context, peers []compliance.Peer) (stop func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.peers = peers
	if err := w.close(); err != nil {
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
		if p.Log == w.s.Journal.VerifierKey() { // another server's witness of this journal: it has no other
			continue
		}
		if err := logs.Add(p.Log); err != nil {
			return nil, err
		}
	}
	return witness.New(witness.Options{
		Dir: filepath.Join(w.dir, "witness"), Name: w.s.witnessName(), Logs: logs, Now: time.Now,
		Alarm:  func(witness.Finding) { wait.Poke(w.accused) },
		Failed: func(err error) { w.s.Log.Error("witness", "err", err) },
	})
}

func (w *witnesses) feeder(peers []compliance.Peer) (*witness.Feeder, error) {
	keys := witness.Logs{}
	if err := keys.Add(w.s.Journal.VerifierKey()); err != nil {
		return nil, err
	}
	last, err := os.ReadFile(filepath.Join(w.dir, cosignedFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	o := witness.FeederOptions{
		Log: ownLog{w.s}, Keys: keys, Now: time.Now, Last: last, Cosigned: w.keep,
		Alarm: w.alarm,
	}
	for _, p := range peers {
		o.Peers = append(o.Peers, witness.Peer{URL: strings.TrimSuffix(p.URL, "/") + witnessPath, Key: p.Witness})
	}
	return witness.NewFeeder(o)
}

func (w *witnesses) alarm(a witness.Alarm) {
	select {
	case w.troubles <- a:
	default:
		w.s.Log.Error("an alarm about witnesses could not be recorded", "alarm", a.String())
	}
}

// ownLog is our journal as its feeder reads it.
type ownLog struct{ s *ServerApp }

func (l ownLog) Checkpoint(context.Context) ([]byte, error) {
	if l.s.shared() && !l.s.quorum.Leads() { // another server may have told of more
		return nil, ErrDeposed
	}
	b, _ := l.s.Journal.Checkpoint()
	return b, nil
}

func (l ownLog) Consistency(_ context.Context, a, b uint64) ([][]byte, error) {
	return l.s.Journal.Consistency(a, b)
}

// keep keeps our cosigned checkpoint, and notes who has cosigned it.
func (w *witnesses) keep(signed []byte, _ int) error {
	if err := durable.Replace(durable.OS{}, filepath.Join(w.dir, cosignedFile), signed); err != nil {
		return err
	}
	keys := witness.Logs{}
	if err := keys.Add(w.s.Journal.VerifierKey()); err != nil {
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
				w.alarm(witness.Alarm{Trouble: t, Witness: names[0], At: time.Now(), Cleared: true})
			}
		}
		w.cosigned[p.Name] = cosigned{c.Size, time.Now()}
	}
	return nil
}

// witnessPath is where a server answers other servers' feeders, and tells its keys.
const witnessPath = "/witness"

// ServeHTTP answers other servers: add-checkpoint needs no token, because only checkpoints
// that a known journal has signed are looked at.
func (w *witnesses) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.own == nil {
		http.Error(rw, "the witness is being started; ask again", http.StatusServiceUnavailable)
		return
	}
	http.StripPrefix(witnessPath, w.own).ServeHTTP(rw, r)
}

// record turns findings and alarms into entries, each once.
func (w *witnesses) record(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.accused:
			if err := w.accuse(ctx); err != nil && ctx.Err() == nil {
				w.s.Log.Error("evidence against another journal could not be recorded; it is kept and told again at the next start", "err", err)
			}
		case a := <-w.troubles:
			if err := w.note(ctx, a); err != nil && ctx.Err() == nil {
				w.s.Log.Error("an alarm about witnesses could not be recorded", "alarm", a.String(), "err", err)
			}
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
	known, err := state.List[compliance.Accusation](w.s.State, compliance.AccusationPrefix)
	if err != nil {
		return err
	}
	for _, f := range compliance.Unknown(findings, known) {
		w.s.Log.Error("another journal is not what it was", "evidence", f.String())
		if err := wing.Record(ctx, w.s.house, compliance.Accused, f.Origin, f); err != nil {
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
	known, err := w.s.State.Get(t.Key(), &compliance.Trouble{})
	if err != nil || known != a.Cleared {
		return err // told already, before a restart
	}
	w.s.Log.Log(ctx, map[bool]slog.Level{false: slog.LevelError, true: slog.LevelInfo}[a.Cleared], "witnesses", "alarm", a.String())
	if a.Cleared {
		return wing.Record(ctx, w.s.house, compliance.TroubleOver, subject, t)
	}
	t.Detail = journal.Brief(fmt.Sprint(a.Err))
	return wing.Record(ctx, w.s.house, compliance.TroubleRaised, subject, t)
}
