package recovery

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

func repository() fact.BackupRepository {
	return fact.BackupRepository{
		Clusters: []fact.BackupCluster{{Number: 1}, {Number: 2}},
		Backups: []fact.Backup{
			{Label: "other", Cluster: 1, Ended: ago(30 * time.Hour)},
			{Label: "first", Kind: KindFull, Cluster: 2, Ended: ago(10 * time.Hour)},
			{Label: "second", Kind: KindIncremental, Cluster: 2, Ended: ago(5 * time.Hour)},
			{Label: "broken", Kind: KindIncremental, Cluster: 2, Ended: ago(4 * time.Hour), Damaged: true},
			{Label: "third", Kind: KindFull, Cluster: 2, Ended: ago(time.Hour)},
		},
	}
}

func TestWhichMomentsCanBeReached(t *testing.T) {
	t.Parallel()
	gap := fact.WALGap{Timeline: 1, First: "00000001000000000000000A", Last: "00000001000000000000000B", Segments: 2, Why: "it is not stored"}
	whole := fact.WALChain{Reached: true, Segments: 7, Stored: ago(time.Minute)}
	for name, c := range map[string]struct {
		target time.Time
		log    fact.WALChain
		backup string
		says   string // why it cannot be reached
		until  time.Time
		next   time.Time
	}{
		"as late as possible":  {time.Time{}, whole, "third", "", ago(time.Minute), time.Time{}},
		"between two":          {ago(3 * time.Hour), fact.WALChain{Reached: true, Stored: ago(3 * time.Hour)}, "second", "", ago(3 * time.Hour), time.Time{}},
		"as one ends":          {ago(5 * time.Hour), whole, "second", "", ago(time.Minute), time.Time{}},
		"before all":           {ago(11 * time.Hour), fact.WALChain{}, "", "was complete at 2026-11-30T02:00:00Z, which is later", time.Time{}, time.Time{}},
		"in the future":        {noon.Add(time.Second), fact.WALChain{Stored: ago(time.Minute)}, "third", "in the future", ago(time.Minute), time.Time{}},
		"not stored yet":       {ago(time.Second), fact.WALChain{Stored: ago(time.Minute)}, "third", "ends at 2026-11-30T11:59:00Z", ago(time.Minute), time.Time{}},
		"behind a gap":         {ago(2 * time.Hour), fact.WALChain{Stored: ago(4 * time.Hour), Gaps: []fact.WALGap{gap}}, "second", "up to 2026-11-30T08:00:00Z", ago(4 * time.Hour), ago(time.Hour)},
		"behind the last gap":  {ago(time.Second), fact.WALChain{Stored: ago(10 * time.Minute), Gaps: []fact.WALGap{gap}}, "third", gap.First, ago(10 * time.Minute), time.Time{}},
		"a backup without log": {ago(2 * time.Hour), fact.WALChain{Gaps: []fact.WALGap{gap}}, "", "cannot be restored at all", time.Time{}, ago(time.Hour)},
	} {
		r := repository()
		got := ReachOf("us-east-1", r, c.log, c.target, noon)
		if got.Ready != (c.says == "") || got.Backup != c.backup || !got.Until.Equal(c.until) || !got.Next.Equal(c.next) || !strings.Contains(strings.Join(got.Reasons, "; "), c.says) || len(got.Reasons) > 1 || !got.Earliest.Equal(ago(10*time.Hour)) {
			t.Errorf("%s: %+v", name, got)
		}
		if b, found := BackupFor(r, c.target); found && c.backup != "" && b.Label != c.backup {
			t.Errorf("%s: it begins with %s", name, b.Label)
		}
	}
	if got := ReachOf("us-east-1", fact.BackupRepository{}, fact.WALChain{}, noon, noon); got.Ready || !slices.Equal(got.Reasons, []string{"the cluster has no backup, so nothing of it can be restored"}) {
		t.Errorf("%+v", got)
	}
}
