package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

// Card returns our public keys.
func (w *Wiring) Card() door.Card {
	w.witness.mu.RLock()
	defer w.witness.mu.RUnlock()
	c := door.Card{Log: w.house.Journal.VerifierKey()}
	if w.witness.own != nil {
		c.Witness = w.witness.own.Cosigner().String()
	}
	return c
}

// Witnesses implements api.Source.
func (w *Wiring) Witnesses(context.Context) (door.Witnesses, error) {
	peers, err1 := w.witness.all()
	troubles, err2 := state.List[compliance.Trouble](w.house.State, compliance.TroublePrefix)
	accusations, err3 := state.List[compliance.Accusation](w.house.State, compliance.AccusationPrefix)
	if err := errors.Join(err1, err2, err3); err != nil {
		return door.Witnesses{}, err
	}
	slices.SortFunc(accusations, func(a, b compliance.Accusation) int { return b.At.Compare(a.At) })
	_, size := w.house.Journal.Checkpoint()
	out := door.Witnesses{
		Card: w.Card(), Size: size, Peers: []door.Witness{},
		Troubles: append([]compliance.Trouble{}, troubles...), Accusations: append([]compliance.Accusation{}, accusations...),
	}
	w.witness.mu.RLock()
	defer w.witness.mu.RUnlock()
	for _, p := range peers {
		c := w.witness.cosigned[p.Name]
		x := door.Witness{Peer: p, Cosigned: c.size, At: c.at}
		origin, _, _ := strings.Cut(p.Log, "+")
		if w.witness.own != nil {
			if known, _, ok := w.witness.own.Known(origin); ok && p.Log != w.house.Journal.VerifierKey() {
				x.Watched = known.Size
			}
		}
		out.Peers = append(out.Peers, x)
	}
	return out, nil
}

// AddWitness implements api.Actions.
func (w *Wiring) AddWitness(ctx context.Context, p compliance.Peer, reason string) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if p.Log == w.house.Journal.VerifierKey() || p.Witness == w.Card().Witness {
		return fmt.Errorf("%w: %s has our own keys; a journal cannot watch itself", api.ErrRefused, p.URL)
	}
	e, err := compliance.PeerAdded.Entry(p.Name, "", p)
	if err != nil {
		return err
	}
	return w.changeWitness(ctx, e, reason)
}

// RemoveWitness implements api.Actions.
func (w *Wiring) RemoveWitness(ctx context.Context, name, reason string) error {
	known, err := w.house.State.Get(compliance.PeerPrefix+name, &compliance.Peer{})
	if err == nil && !known {
		err = fmt.Errorf("no witness is called %q: %w", name, api.ErrNotFound)
	}
	if err != nil {
		return err
	}
	return w.changeWitness(ctx, compliance.PeerRemoved.Entry(name, ""), reason)
}

func (w *Wiring) changeWitness(ctx context.Context, e journal.Entry, reason string) error {
	e.Actor, e.Reason = wing.Actor(ctx), journal.Brief(reason)
	if _, err := w.house.State.Append(ctx, e); err != nil {
		return err
	}
	w.PeersChanged()
	return nil
}

// PeersChanged restarts witness and feeder with the current peers.
func (w *Wiring) PeersChanged() { wait.Poke(w.witness.changed) }

// Prove implements api.Source.
func (w *Wiring) Prove(_ context.Context, index uint64) (journal.Proof, error) {
	if _, size := w.house.Journal.Checkpoint(); index >= size {
		return journal.Proof{}, fmt.Errorf("the newest checkpoint covers %d entries, not yet entry %d; it follows within a second: %w", size, index, api.ErrNotFound)
	}
	return w.house.Journal.Prove(index)
}

// witnessFindings says what witnesses found that needs a person.
func (w *Wiring) witnessFindings(now time.Time) ([]wing.Finding, error) {
	troubles, err1 := state.List[compliance.Trouble](w.house.State, compliance.TroublePrefix)
	accusations, err2 := state.List[compliance.Accusation](w.house.State, compliance.AccusationPrefix)
	return compliance.WitnessFindings(troubles, accusations, now), errors.Join(err1, err2)
}
