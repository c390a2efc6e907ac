package recovery

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return noon.Add(-d) }

// sound is a region of which everything is as it should be.
func sound() View {
	v := leading()
	v.Since = ago(time.Hour)
	v.Seen = Seen{
		At: ago(10 * time.Second),
		Repository: fact.BackupRepository{
			Clusters: []fact.BackupCluster{{Number: 1}, {Number: 2}},
			Backups: []fact.Backup{
				{Label: "20261130-020000F", Kind: KindFull, Cluster: 2, Ended: ago(10 * time.Hour)},
				{Label: "20261130-020000F_20261130-110000I", Kind: KindIncremental, Cluster: 2, Ended: ago(time.Hour)},
			},
		},
		Log: fact.WALChain{Reached: true, Last: "000000010000000000000009", Stored: ago(50 * time.Second)},
	}
	return v
}

// What keeps a region from being restorable is a finding, a reason, and where a backup helps
// one is decided. What is unknown is never ready.
func TestWhatKeepsARegionFromBeingRestorable(t *testing.T) {
	t.Parallel()
	gap := fact.WALGap{Timeline: 1, First: "00000001000000000000000A", Last: "00000001000000000000000B", Segments: 2, Why: "it is not stored"}
	for name, c := range map[string]struct {
		change func(*View)
		code   string // of the finding; empty: none
		says   string
		backup bool // one is decided
	}{
		"sound":              {func(*View) {}, "", "", false},
		"never read":         {func(v *View) { v.Seen = Seen{} }, "backup-unknown", "not read yet", false},
		"cannot be read":     {func(v *View) { v.Seen.At, v.Error = ago(4*time.Minute), "the repository cannot be reached" }, "backup-unknown", "cannot be reached", false},
		"read long ago":      {func(v *View) { v.Seen.At = ago(4 * time.Minute) }, "backup-unknown", "4m0s ago", false},
		"no store":           {func(v *View) { v.Lacks, v.Seen = "it has no store", Seen{} }, "backup-missing", "no store", false},
		"empty":              {func(v *View) { v.Seen.Repository, v.Seen.Log = fact.BackupRepository{}, fact.WALChain{} }, "backup-missing", "no backup", true},
		"of another cluster": {func(v *View) { v.Seen.Repository.Backups[0].Cluster, v.Seen.Repository.Backups[1].Cluster = 1, 1 }, "backup-missing", "no backup", true},
		"damaged":            {func(v *View) { v.Seen.Repository.Backups[0].Damaged = true }, "backup-missing", "no backup", true},
		"late":               {func(v *View) { v.Seen.Repository.Backups = v.Seen.Repository.Backups[:1] }, "backup-late", "is 10h0m0s old", false},
		"late full":          {func(v *View) { v.Seen.Repository.Backups[0].Ended = ago(27 * time.Hour) }, "backup-late", "full backup", false},
		"gap": {func(v *View) {
			v.Seen.Log.Reached, v.Seen.Log.Gaps, v.Gap = false, []fact.WALGap{gap}, ago(5*time.Minute)
		}, "wal-gap", gap.First, true},
		"new gap": {func(v *View) {
			v.Seen.Log.Reached, v.Seen.Log.Gaps, v.Gap = false, []fact.WALGap{gap}, ago(time.Minute)
		}, "wal-gap", gap.First, false},
		"not archived":        {func(v *View) { v.Seen.Log.Stored = ago(5 * time.Minute) }, "archiver-failing", "archive_command", false},
		"no leader":           {func(v *View) { v.Seen.Log.Stored, v.Leader = ago(5*time.Minute), "" }, "", "", false},
		"follows":             {func(v *View) { v.Follows, v.Leader, v.Seen = "us-west-2", "", Seen{} }, "", "", false},
		"empty, begins":       {func(v *View) { v.Seen.Repository, v.Since = fact.BackupRepository{}, ago(time.Minute) }, "", "", true},
		"empty, starts":       {func(v *View) { v.Seen.Repository, v.Since = fact.BackupRepository{}, ago(10*time.Second) }, "", "", false},
		"empty, under way":    {func(v *View) { v.Seen.Repository, v.Busy = fact.BackupRepository{}, true }, "backup-missing", "", false},
		"empty, and headless": {func(v *View) { v.Seen.Repository, v.Leader = fact.BackupRepository{}, "" }, "backup-missing", "", false},
	} {
		v := sound()
		v.Seen.Repository.Backups = append([]fact.Backup{}, v.Seen.Repository.Backups...)
		c.change(&v)
		found := Findings([]View{v}, noon)
		if c.code == "" && len(found) > 0 || c.code != "" && (len(found) != 1 || found[0].Code != c.code || !strings.Contains(found[0].Text, c.says) || found[0].Title == "" || found[0].Command == "") {
			t.Errorf("%s: %+v, want %s with %q", name, found, c.code, c.says)
		}
		r := RestorableOf(v, noon)
		if r.Ready != (name == "sound" || name == "no leader") || (len(r.Reasons) == 0) != (r.Ready || v.Follows != "") {
			t.Errorf("%s: %+v", name, r)
		}
		actions, err := Decide([]View{v}, noon)
		if err != nil || (len(actions) == 1) != c.backup {
			t.Errorf("%s: %+v %v", name, actions, err)
		}
		for _, a := range actions {
			if a.Key != "backup-needed@us-east-1@20261130T1200Z" || a.Reason == "" || a.Subject != "us-east-1/backups" {
				t.Errorf("%s: %+v", name, a)
			}
		}
	}
}

// A backup that is needed, and fails, is asked for again, and not with each round.
func TestANeededBackupIsAskedForAgain(t *testing.T) {
	t.Parallel()
	v := sound()
	v.Seen.Repository.Backups = nil
	keys := map[string]bool{}
	for at := time.Duration(0); at < time.Hour; at += 20 * time.Second {
		v.Seen.At = noon.Add(at)
		actions, err := Decide([]View{v}, noon.Add(at))
		if err != nil || len(actions) != 1 {
			t.Fatal(actions, err)
		}
		keys[actions[0].Key] = true
	}
	if len(keys) != 6 {
		t.Errorf("asked for %d times within an hour", len(keys))
	}
}

func TestTheStatusSaysIt(t *testing.T) {
	t.Parallel()
	v := sound()
	if got, want := RestorableOf(v, noon).Line(noon), "restorable   us-east-1/postgres up to 11:59:10, 50s ago; newest of 2 backups 1h0m0s ago"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	v.Follows = "us-west-2"
	if got := RestorableOf(v, noon).Line(noon); !strings.HasPrefix(got, "backed up ") {
		t.Error(got)
	}
	v = sound()
	v.Seen = Seen{}
	if got := RestorableOf(v, noon).Line(noon); !strings.HasPrefix(got, "no restore   us-east-1/postgres: nobody knows") {
		t.Error(got)
	}
}
