package app

import (
	"slices"
	"testing"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
)

// Incidents are linked with entries of kinds that others declare: one that is renamed
// would leave every incident unanswered, and nobody would notice.
func TestEvidenceReadsKindsThatAreDeclared(t *testing.T) {
	t.Parallel()
	for _, name := range evidence.ReadKinds() {
		if !slices.ContainsFunc(EntryKinds(), func(k journal.Kind) bool { return k.Name == name }) {
			t.Errorf("evidence reads %q, which nobody declares", name)
		}
	}
}
