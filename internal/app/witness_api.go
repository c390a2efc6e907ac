package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

// card returns our public keys.
func (s *ServerApp) card() compliancedoor.Card {
	s.witness.mu.RLock()
	defer s.witness.mu.RUnlock()
	c := compliancedoor.Card{Log: s.Journal.VerifierKey()}
	if s.witness.own != nil {
		c.Witness = s.witness.own.Cosigner().String()
	}
	return c
}

func (s *ServerApp) Witnesses(context.Context) (compliancedoor.Witnesses, error) {
	peers, err1 := s.witnessPeers()
	troubles, err2 := state.List[compliance.Trouble](s.State, compliance.TroublePrefix)
	accusations, err3 := state.List[compliance.Accusation](s.State, compliance.AccusationPrefix)
	if err := errors.Join(err1, err2, err3); err != nil {
		return compliancedoor.Witnesses{}, err
	}
	slices.SortFunc(accusations, func(a, b compliance.Accusation) int { return b.At.Compare(a.At) })
	_, size := s.Journal.Checkpoint()
	out := compliancedoor.Witnesses{
		Card: s.card(), Size: size, Peers: []compliancedoor.Witness{},
		Troubles: append([]compliance.Trouble{}, troubles...), Accusations: append([]compliance.Accusation{}, accusations...),
	}
	s.witness.mu.RLock()
	defer s.witness.mu.RUnlock()
	for _, p := range peers {
		c := s.witness.cosigned[p.Name]
		w := compliancedoor.Witness{Peer: p, Cosigned: c.size, At: c.at}
		origin, _, _ := strings.Cut(p.Log, "+")
		if s.witness.own != nil {
			if known, _, ok := s.witness.own.Known(origin); ok && p.Log != s.Journal.VerifierKey() {
				w.Watched = known.Size
			}
		}
		out.Peers = append(out.Peers, w)
	}
	return out, nil
}

func (s *ServerApp) AddWitness(ctx context.Context, p compliance.Peer, reason string) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if p.Log == s.Journal.VerifierKey() || p.Witness == s.card().Witness {
		return fmt.Errorf("%w: %s has our own keys; a journal cannot watch itself", api.ErrRefused, p.URL)
	}
	e, err := compliance.PeerAdded.Entry(p.Name, "", p)
	if err != nil {
		return err
	}
	return s.changeWitness(ctx, e, reason)
}

func (s *ServerApp) RemoveWitness(ctx context.Context, name, reason string) error {
	known, err := s.State.Get(compliance.PeerPrefix+name, &compliance.Peer{})
	if err == nil && !known {
		err = fmt.Errorf("no witness is called %q: %w", name, api.ErrNotFound)
	}
	if err != nil {
		return err
	}
	return s.changeWitness(ctx, compliance.PeerRemoved.Entry(name, ""), reason)
}

func (s *ServerApp) changeWitness(ctx context.Context, e journal.Entry, reason string) error {
	e.Actor, e.Reason = wing.Actor(ctx), journal.Brief(reason)
	if _, err := s.State.Append(ctx, e); err != nil {
		return err
	}
	wait.Poke(s.witness.changed)
	return nil
}

func (s *ServerApp) Prove(_ context.Context, index uint64) (journal.Proof, error) {
	if _, size := s.Journal.Checkpoint(); index >= size {
		return journal.Proof{}, fmt.Errorf("the newest checkpoint covers %d entries, not yet entry %d; it follows within a second: %w", size, index, api.ErrNotFound)
	}
	return s.Journal.Prove(index)
}

func (s *ServerApp) Kinds(context.Context) ([]api.EntryKind, error) {
	kinds := s.entryKinds()
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

// accusedFor is how long evidence against another journal is shown as a finding; it stays
// in the journal and in the list of witnesses.
const accusedFor = 7 * 24 * time.Hour

// witnessFindings says what witnesses found that needs a person.
func (s *ServerApp) witnessFindings() ([]api.Finding, error) {
	troubles, err1 := state.List[compliance.Trouble](s.State, compliance.TroublePrefix)
	accusations, err2 := state.List[compliance.Accusation](s.State, compliance.AccusationPrefix)
	var out []api.Finding
	for _, t := range troubles {
		f := api.Finding{
			Code: "witness-" + string(t.Trouble), Severity: "warning", Subject: t.Witness, Since: t.Since, Command: "fournines witness list", Entries: []uint64{t.Entry},
			Title: "a witness does not watch our journal: " + string(t.Trouble), Text: t.Detail,
		}
		if t.Accuses() {
			f.Severity, f.Title = "critical", "a witness says that our journal is not what it was"
			f.Text += "; copy the journal's directory away as evidence, and find out who changed it"
		}
		out = append(out, f)
	}
	for _, a := range accusations {
		if time.Since(a.At) < accusedFor {
			out = append(out, api.Finding{
				Code: "journal-" + string(a.Kind), Severity: "critical", Subject: a.Origin, Since: a.At, Command: "fournines witness list", Entries: []uint64{a.Entry},
				Title: "another server's journal is not what it was: " + string(a.Kind), Text: a.Text + "; the evidence is in our journal",
			})
		}
	}
	return out, errors.Join(err1, err2)
}
