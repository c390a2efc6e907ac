package availability

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
)

// A lack of descriptors is told before it happens, while it does, and for a while after.
func TestDescriptorsAreToldBeforeTheyLack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const (
		raise = " Without them it takes no connections and opens none, and what it does not see is unknown. Raise LimitNOFILE of its unit, or ulimit -n where it is started, and start it again; see who holds them with `ss -tnp`."
		soon  = "us-east-1/edge will soon be short of file descriptors"
		short = "us-east-1/edge is short of file descriptors"
	)
	for name, c := range map[string]struct {
		d           fact.Descriptors
		seen        time.Time
		title, text string
		since       time.Time
	}{
		"enough":        {fact.Descriptors{Open: 921, Limit: 1024}, now, "", "", now},
		"the reserve":   {fact.Descriptors{Open: 231, Limit: 256}, now, soon, "It has nearly no file descriptor left: 231 of at most 256 are open." + raise, now},
		"none are left": {fact.Descriptors{Open: 256, Limit: 256, Lacked: ago(time.Second), Failures: 109}, now, short, "It lacked a file descriptor 109 times since it began, the last time at 11:59:59: 256 of at most 256 are open." + raise, ago(time.Second)},
		"lately":        {fact.Descriptors{Open: 20, Limit: 256, Lacked: ago(4 * time.Minute), Failures: 1}, now, short, "It lacked a file descriptor 1 times since it began, the last time at 11:56:00: 20 of at most 256 are open." + raise, ago(4 * time.Minute)},
		"long ago":      {fact.Descriptors{Open: 20, Limit: 256, Lacked: ago(6 * time.Minute), Failures: 1}, now, "", "", now},
		"no limit":      {fact.Descriptors{Open: 20000}, now, "", "", now},
		"an old report": {fact.Descriptors{Open: 256, Limit: 256}, ago(6 * time.Minute), "", "", now},
		"no report":     {fact.Descriptors{}, time.Time{}, "", "", now},
	} {
		f, told := DescriptorFinding("us-east-1/edge", c.d, c.seen, now)
		if told != (c.title != "") {
			t.Errorf("%s: told %v: %+v", name, told, f)
		}
		if told && (f.Title != c.title || f.Text != c.text || !f.Since.Equal(c.since) || f.Severity != evidence.Warning || f.Code != "descriptors-short" || f.Subject != "us-east-1/edge") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// A component that is now missing and now on its way keeps one finding until it is back.
func TestAComponentThatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	down := zero
	for _, health := range []Health{Missing, Progressing, Healthy, Degraded} {
		c := Component{ID: "us-east-1/b/postgres", Kind: "postgres", Health: health, Down: down, Detail: "start failed"}
		if f, told := ComponentFinding(c, down.Add(11*time.Minute)); !told || f.Code != "postgres-not-back" || !f.Since.Equal(down) {
			t.Errorf("%s: %v %+v", health, told, f)
		}
		if f, _ := ComponentFinding(c, down.Add(9*time.Minute)); f.Code == "postgres-not-back" {
			t.Errorf("%s: within its time: %+v", health, f)
		}
	}
	c := Component{ID: "us-east-1/b/redis", Kind: "redis", Health: Suspended, Down: down}
	if f, told := ComponentFinding(c, down.Add(time.Hour)); told {
		t.Errorf("kept down on purpose: %+v", f)
	}
	c.Health, c.Down, c.Since, c.Detail = Progressing, time.Time{}, down, "its link to the master is down"
	if f, told := ComponentFinding(c, down.Add(3*time.Minute)); !told || f.Code != "redis-not-back" || !f.Since.Equal(down) || !strings.Contains(f.Text, c.Detail) {
		t.Errorf("ready and on its way for ever: %v %+v", told, f)
	}
	if f, told := ComponentFinding(c, down.Add(time.Minute)); told {
		t.Errorf("on its way: %+v", f)
	}
	c.Health, c.Down = Healthy, time.Time{}
	if f, told := ComponentFinding(c, down.Add(time.Hour)); told {
		t.Errorf("healthy: %+v", f)
	}
}
