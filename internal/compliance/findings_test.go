package compliance

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/journal/witness"
)

func TestFindingsOfWitnesses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name        string
		troubles    []Trouble
		accusations []Accusation
		want        string // code, severity, subject, entry and title of each
	}{
		{"nothing", nil, nil, ""},
		{
			"a witness is away", []Trouble{{Trouble: witness.Away, Witness: "w", Since: now, Detail: "refused", Entry: 3}}, nil,
			"witness-away warning w [3] a witness does not watch our journal: away: refused\n",
		},
		{
			"our log is stuck", []Trouble{{Trouble: witness.Stuck, Entry: 4}}, nil,
			"witness-stuck warning  [4] a witness does not watch our journal: stuck: \n",
		},
		{
			"a witness accuses us", []Trouble{{Trouble: witness.Shrunk, Witness: "w", Detail: "9 of 12", Entry: 5}, {Trouble: witness.Contradicted, Witness: "w", Entry: 6}}, nil,
			"witness-shrunk critical w [5] a witness says that our journal is not what it was: 9 of 12; copy the journal's directory away as evidence, and find out who changed it\n" +
				"witness-contradicted critical w [6] a witness says that our journal is not what it was: ; copy the journal's directory away as evidence, and find out who changed it\n",
		},
		{
			"we accuse another, for a week",
			nil,
			[]Accusation{{Kind: witness.Fork, Origin: "o", Text: "two roots", At: now.Add(time.Second - accusedFor), Entry: 7}, {Kind: witness.Rollback, Origin: "o", At: now.Add(-accusedFor), Entry: 8}},
			"journal-fork critical o [7] another server's journal is not what it was: fork: two roots; the evidence is in our journal\n",
		},
	} {
		if got := said(WitnessFindings(c.troubles, c.accusations, now)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func said(findings []evidence.Finding) string {
	out := ""
	for _, f := range findings {
		out += fmt.Sprintf("%s %s %s %v %s: %s\n", f.Code, f.Severity, f.Subject, f.Entries, f.Title, f.Text)
	}
	return out
}

func TestFindingsOfTheArchive(t *testing.T) {
	t.Parallel()
	p := archive.Place{Endpoint: "https://a", Bucket: "b"}
	for _, c := range []struct {
		name   string
		status archive.Status
		want   string
	}{
		{"nothing was archived yet", archive.Status{Place: p}, ""},
		{"the locks hold", archive.Status{Place: p, Next: 9, Probe: &archive.Probe{Holds: true}}, ""},
		{
			"it cannot be written", archive.Status{Place: p, Next: 9, Failed: &archive.Failed{Kind: "away", Error: "refused"}},
			"archive-failed warning b [] the archive cannot be written (away): 3 entries wait in the log; nothing is lost. refused\n",
		},
		{
			"the locks do not hold", archive.Status{Place: p, Next: 9, Probe: &archive.Probe{}},
			"locks-broken critical b [] the object store's locks do not hold: A probe could break a lock that was given with its object. Nothing more is archived there.\n",
		},
	} {
		if got := said(ArchiveFindings(c.status, 12)); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
	if got := said([]evidence.Finding{ArchiveUnreadable(errors.New("no JSON"), time.Time{})}); got != "archive-unreadable warning  [] nobody can tell what is archived: no JSON\n" {
		t.Error(got)
	}
}

// A journal that goes wrong again and again, or whose evidence is found anew, adds no more.
func TestAccusationsAreBounded(t *testing.T) {
	t.Parallel()
	var findings []witness.Finding
	for i := range 3 * mostAlike {
		findings = append(findings, witness.Finding{Kind: witness.Fork, Origin: "o", Known: fmt.Sprint(i)})
	}
	findings = append(findings, witness.Finding{Kind: witness.Rollback, Origin: "o"}, witness.Finding{Kind: witness.Fork, Origin: "p"})
	var known []Accusation
	tell := func(fs []witness.Finding) {
		for _, f := range fs {
			known = append(known, Accusation{ID: f.ID(), Kind: f.Kind, Origin: f.Origin})
		}
	}
	first := Unknown(findings[:5], known)
	if tell(first); len(first) != 5 {
		t.Fatalf("%d of 5", len(first))
	}
	rest := Unknown(findings, known)
	if tell(rest); len(known) != mostAlike+2 {
		t.Fatalf("%d are known", len(known))
	}
	if again := Unknown(findings, known); len(again) != 0 {
		t.Fatalf("%d are told again", len(again))
	}
}
