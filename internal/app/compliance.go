package app

import (
	"context"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	compliancewiring "github.com/greenlang/fournines/internal/compliance/wiring"
	"github.com/greenlang/fournines/internal/journal"
)

// complianceOptions is what several servers add to the compliance wing.
func (s *ServerApp) complianceOptions() compliancewiring.Options {
	return compliancewiring.Options{
		Entries: s, Keys: s.keysOfPersons, Peers: s.seatPeers,
		Leads: func() bool { return !s.shared() || s.quorum.Leads() },
	}
}

// Witnesses implements api.Source.
func (s *ServerApp) Witnesses(ctx context.Context) (api.Witnesses, error) {
	return s.compliance.Witnesses(ctx)
}

// AddWitness implements api.Actions.
func (s *ServerApp) AddWitness(ctx context.Context, p compliance.Peer, reason string) error {
	return s.compliance.AddWitness(ctx, p, reason)
}

// RemoveWitness implements api.Actions.
func (s *ServerApp) RemoveWitness(ctx context.Context, name, reason string) error {
	return s.compliance.RemoveWitness(ctx, name, reason)
}

// Prove implements api.Source.
func (s *ServerApp) Prove(ctx context.Context, index uint64) (journal.Proof, error) {
	return s.compliance.Prove(ctx, index)
}

// UnsealEntry implements api.Actions.
func (s *ServerApp) UnsealEntry(ctx context.Context, index uint64, reason string) (api.Entry, error) {
	return s.compliance.UnsealEntry(ctx, index, reason)
}

// Person implements api.Actions.
func (s *ServerApp) Person(ctx context.Context, id string) (api.Person, error) {
	return s.compliance.Person(ctx, id)
}

// ErasePerson implements api.Actions.
func (s *ServerApp) ErasePerson(ctx context.Context, id, reason string) (string, error) {
	return s.compliance.ErasePerson(ctx, id, reason)
}

// Archive implements api.Archives.
func (s *ServerApp) Archive(ctx context.Context) (api.Archive, error) {
	return s.compliance.Archive(ctx)
}

// ArchiveParts implements api.Archives.
func (s *ServerApp) ArchiveParts(ctx context.Context, before uint64, limit int) (api.Page[api.PartEntry], error) {
	return s.compliance.ArchiveParts(ctx, before, limit)
}

// ProbeArchive implements api.Prober.
func (s *ServerApp) ProbeArchive(ctx context.Context) (api.ArchiveProbe, uint64, error) {
	return s.compliance.ProbeArchive(ctx)
}

// Query implements api.Queries.
func (s *ServerApp) Query(ctx context.Context, q api.Question) (api.QueryAnswer, error) {
	return s.compliance.Query(ctx, q)
}
