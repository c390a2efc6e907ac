package compliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tamper"
	"github.com/greenlang/fournines/internal/journal/witness"
)

// watched is a journal with a witness that speaks to it over HTTP, as two servers do.
type watched struct {
	witness *witness.Witness
	url     string
	found   chan witness.Finding
	server  *http.Server
}

func watch(ctx context.Context, dir, key string) (*watched, error) {
	logs := witness.Logs{}
	if err := logs.Add(key); err != nil {
		return nil, err
	}
	w := &watched{found: make(chan witness.Finding, 16)}
	var err error
	w.witness, err = witness.New(witness.Options{Dir: dir, Name: "drill.witness", Logs: logs, Now: time.Now, Alarm: func(f witness.Finding) {
		select {
		case w.found <- f:
		default: // the first ones are enough
		}
	}})
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, w.witness.Close())
	}
	w.url, w.server = "http://"+l.Addr().String(), &http.Server{Handler: w.witness, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := w.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			slog.Default().Error("drill's witness", "err", err)
		}
	}()
	return w, nil
}

func (w *watched) close() error { return errors.Join(w.server.Close(), w.witness.Close()) }

// publishes is a journal as a feeder reads it.
type publishes struct{ *journal.Journal }

func (p publishes) Checkpoint(context.Context) ([]byte, error) {
	c, _ := p.Journal.Checkpoint()
	return c, nil
}

func (p publishes) Consistency(_ context.Context, a, b uint64) ([][]byte, error) {
	return p.Journal.Consistency(a, b)
}

// feed opens the journal in dir, lets it grow by n entries, and shows the witness its
// checkpoints until done says so or ctx ends.
func (w *watched) feed(ctx context.Context, dir string, n int, until func(ctx context.Context, j *journal.Journal) error) error {
	j, err := journal.Open(dir, time.Now)
	if err != nil {
		return err
	}
	for i := range n {
		if _, err := j.Append(ctx, journal.Entry{Kind: "drill.tried", Subject: dir, Reason: fmt.Sprint(i)}); err != nil {
			return errors.Join(err, j.Close())
		}
	}
	keys := witness.Logs{}
	err = errors.Join(j.Publish(ctx), keys.Add(j.VerifierKey()))
	var f *witness.Feeder
	if err == nil {
		f, err = witness.NewFeeder(witness.FeederOptions{
			Log: publishes{j}, Keys: keys, Peers: []witness.Peer{{URL: w.url, Key: w.witness.Cosigner().String()}}, Now: time.Now,
		})
	}
	if err != nil {
		return errors.Join(err, j.Close())
	}
	fed, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = f.Run(fed) // it ends with fed
	}()
	err = until(ctx, j)
	stop()
	<-done
	return errors.Join(err, j.Close())
}

// cosigned waits until the witness knows all of the journal.
func (w *watched) cosigned(ctx context.Context, j *journal.Journal) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, _, ok := w.witness.Known(j.Origin()); ok && c.Size == j.Head().Size {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the witness has not cosigned the journal: %w", ctx.Err())
		}
	}
}

// accuses waits for evidence of one of the kinds.
func (w *watched) accuses(kinds ...witness.Kind) func(context.Context, *journal.Journal) error {
	return func(ctx context.Context, _ *journal.Journal) error {
		for {
			select {
			case f := <-w.found:
				if slices.Contains(kinds, f.Kind) {
					return nil
				}
			case <-ctx.Done():
				return fmt.Errorf("the witness has not called out a %s: %w", kinds[0], ctx.Err())
			}
		}
	}
}

// rollBack puts an older copy in the place of a journal that a witness has cosigned further.
func rollBack(ctx context.Context, r *drill.Run, b bench) (string, error) {
	older, live := b.dir("older"), b.dir("live")
	if err := errors.Join(tamper.Copy(b.copied(), older), tamper.Copy(b.copied(), live)); err != nil {
		return "", err
	}
	took, err := b.calledOut(ctx, live, older, 0, witness.Rollback)
	if err != nil {
		return "", err
	}
	r.Objective(drill.AtMost("rollback_called_out", "seconds", calledOut, took.Seconds()))
	return b.against(ctx, r, live, older, journal.RolledBack, took)
}

// fork lets two copies go on differently before one witness.
func fork(ctx context.Context, r *drill.Run, b bench) (string, error) {
	other, live := b.dir("other"), b.dir("live2")
	if err := errors.Join(tamper.Copy(b.copied(), other), tamper.Copy(b.copied(), live)); err != nil {
		return "", err
	}
	took, err := b.calledOut(ctx, live, other, 2*growth, witness.Fork, witness.Unproved)
	if err != nil {
		return "", err
	}
	r.Objective(drill.AtMost("fork_called_out", "seconds", calledOut, took.Seconds()))
	return b.against(ctx, r, live, other, journal.Forked, took)
}

// growth is how many entries the true journal gets before the other one is shown.
const growth = 5

// calledOut lets live grow before a witness and then shows it the journal in other, which
// grows by n. It returns how long the witness took to accuse it.
func (b bench) calledOut(ctx context.Context, live, other string, n int, kinds ...witness.Kind) (time.Duration, error) {
	key, err := os.ReadFile(b.dir("copy/key.pub"))
	if err != nil {
		return 0, err
	}
	w, err := watch(ctx, live+".witness", string(key[:len(key)-1]))
	if err != nil {
		return 0, err
	}
	err = w.feed(ctx, live, growth, w.cosigned)
	begun := time.Now()
	if err == nil {
		err = w.feed(ctx, other, n, w.accuses(kinds...))
	}
	return time.Since(begun), errors.Join(err, w.close())
}

// against verifies that an older checkpoint, kept elsewhere, names it as well.
func (b bench) against(ctx context.Context, r *drill.Run, live, other string, want journal.Damage, took time.Duration) (string, error) {
	known, err := os.ReadFile(live + "/checkpoint")
	if err != nil {
		return "", err
	}
	_, err = journal.Verify(ctx, other, journal.VerifyOptions{Against: known})
	var damage *journal.DamageError
	named := errors.As(err, &damage) && damage.Kind == want
	missed := 1.0
	if named {
		missed = 0
	}
	r.Objective(drill.AtMost(string(want)+"_missed_by_checkpoint", "count", 0, missed))
	return fmt.Sprintf("called out after %.1f s; an older checkpoint names it: %v", took.Seconds(), err), nil
}
