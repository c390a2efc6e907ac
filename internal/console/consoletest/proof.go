package consoletest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
	"github.com/greenlang/fournines/internal/journal/witness"
)

// entryBytes are what an entry's hash covers.
func entryBytes(e api.Entry) []byte {
	e.Hash = ""
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return b
}

// fixtureKeys is a signing key that is the same in every run.
func fixtureKeys() (private, public string) {
	seed := sha256.Sum256([]byte("fixture"))
	private, public, err := note.GenerateKey(strings.NewReader(string(seed[:])), "fournines.journal/fixture")
	if err != nil {
		panic(err)
	}
	return private, public
}

// Prove proves an entry by a real tree over the fixture's entries.
func (f *Fixture) Prove(_ context.Context, index uint64) (journal.Proof, error) {
	f.mu.Lock()
	entries := slices.Clone(f.entries)
	f.mu.Unlock()
	if index >= uint64(len(entries)) {
		return journal.Proof{}, fmt.Errorf("the checkpoint covers %d entries: %w", len(entries), api.ErrNotFound)
	}
	tree := testonly.New(rfc6962.DefaultHasher)
	for _, e := range entries {
		tree.AppendData(entryBytes(e))
	}
	hashes, err := tree.InclusionProof(index, tree.Size())
	if err != nil {
		return journal.Proof{}, err
	}
	private, public := fixtureKeys()
	signer, err := note.NewSigner(private)
	if err != nil {
		return journal.Proof{}, err
	}
	signed, err := tiles.Checkpoint{Origin: signer.Name(), Size: tree.Size(), Root: tiles.Hash(tree.Hash())}.Sign(signer)
	return journal.Proof{Index: index, Entry: string(entryBytes(entries[index])), Hashes: hashes, Checkpoint: string(signed), Key: public}, err
}

func (f *Fixture) Kinds(context.Context) ([]api.EntryKind, error) {
	return []api.EntryKind{{Name: "fault.injected", Doc: "A fault was injected.", Schema: json.RawMessage(`{"type":"object"}`)}}, nil
}

func (f *Fixture) Witnesses(context.Context) (compliancedoor.Witnesses, error) {
	_, public := fixtureKeys()
	peer := func(name string) compliance.Peer {
		return compliance.Peer{Name: name, URL: "https://" + name + ".greenlang.test:9999", Log: "fournines.journal/" + name + "+0d0d0d0d+AAAA", Witness: "fournines.journal/" + name + "/witness+0e0e0e0e+BBBB"}
	}
	return compliancedoor.Witnesses{
		Card: compliancedoor.Card{Log: public, Witness: "fournines.journal/fixture/witness+0c0c0c0c+CCCC"}, Size: f.StatusNow.Journal.Size,
		Peers: []compliancedoor.Witness{
			{Peer: peer("us-west-2"), Cosigned: f.StatusNow.Journal.Size, At: before(time.Second), Watched: 48_120},
			{Peer: peer("eu-west-1"), Cosigned: 201, At: before(4 * time.Minute), Watched: 51_007},
		},
		Troubles:    []compliance.Trouble{{Trouble: witness.Away, Witness: "fournines.journal/eu-west-1/witness", Since: before(4 * time.Minute), Detail: "connection refused", Entry: 212}},
		Accusations: []compliance.Accusation{{ID: "5f", Kind: witness.Rollback, Origin: "fournines.journal/eu-west-1", Text: "rollback of log fournines.journal/eu-west-1: cosigned at size 51007, then offered at size 50112", At: before(3 * time.Minute), Entry: 214}},
	}, nil
}

func (f *Fixture) AddWitness(_ context.Context, p compliance.Peer, reason string) error {
	_, err := f.did("", "witness add", p.Name, reason)
	return err
}

func (f *Fixture) RemoveWitness(_ context.Context, name, reason string) error {
	_, err := f.did("", "witness remove", name, reason)
	return err
}

func (f *Fixture) Alerts(context.Context) ([]evidence.Alert, error) { return nil, nil }

func (f *Fixture) TestNotifier(_ context.Context, name, reason string) error {
	_, err := f.did("", "notifier test", name, reason)
	return err
}
