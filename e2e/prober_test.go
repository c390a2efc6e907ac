package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/platformtest"
)

// counted is one entry of what a vantage point saw.
type counted struct {
	api.Entry
	saw evidence.OutsideCount
}

// known are the seconds of which it says what customers met.
func (c counted) known() (n int) {
	for _, h := range c.saw.Homes {
		n += h.Served + len(h.Failed)
	}
	return n
}

// seenOutside returns all that was counted from outside, in the order of the seconds.
func seenOutside(t *testing.T, p *platformtest.Platform) (out []counted) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for before := ""; ; {
		var page struct {
			Items []api.Entry
			Next  string
		}
		if err := p.Client.Call(ctx, http.MethodGet, "/v1/journal?limit=100&kind="+evidence.OutsideCounted.Name+before, "", nil, &page); err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			c := counted{Entry: e}
			if err := json.Unmarshal(e.Data, &c.saw); err != nil {
				t.Fatalf("entry %d: %v", e.Index, err)
			}
			out = append(out, c)
		}
		if page.Next == "" {
			slices.SortFunc(out, func(a, b counted) int { return cmp.Compare(a.saw.From, b.saw.From) })
			return out
		}
		before = "&before=" + page.Next
	}
}

// measuredOutside returns the entries from outside and what the evidence makes of them, both of
// the same moment.
func measuredOutside(t *testing.T, p *platformtest.Platform) (all []counted, m api.Measured) {
	t.Helper()
	p.Await("the evidence does not stand still", func(api.Status) string {
		all = seenOutside(t, p)
		var e api.Evidence
		if err := p.Client.Call(t.Context(), http.MethodGet, "/v1/evidence", "", nil, &e); err != nil {
			return err.Error()
		}
		if m = e.Platform; len(seenOutside(t, p)) != len(all) {
			return "another entry has come"
		}
		return ""
	})
	return all, m
}

// proberIsKilled kills the prober with SIGKILL while it holds seconds that are in no journal: it
// is started again, nothing that was measured changes or counts twice, and what it held, and the
// time in which it was away, are unknown: neither good nor bad (row 7.1.12).
func proberIsKilled(t *testing.T, p *platformtest.Platform) {
	p.Await("the prober holds no seconds", func(api.Status) string {
		all := seenOutside(t, p)
		if len(all) == 0 {
			return "it has told nothing yet"
		}
		// Ten seconds become an entry: with four to six of them it is between two.
		if held := time.Now().Unix() - int64(all[len(all)-1].saw.To); held < 4 || held > 6 { //nolint:gosec // a Unix time
			return fmt.Sprintf("it holds %d", held)
		}
		return ""
	})
	old, killed := main(t, p, assign.Prober), uint64(time.Now().Unix()) //nolint:gosec // a Unix time
	kill(t, p, assign.Prober)
	before := seenOutside(t, p)
	p.Await("the prober does not come back, or its seconds do not count", func(api.Status) string {
		if now, ok := process.Adopt(filepath.Join(p.Root, assign.Prober) + ".pid"); !ok || now == old {
			return "no new process yet"
		}
		if all := seenOutside(t, p); all[len(all)-1].saw.From < killed || all[len(all)-1].known() == 0 {
			return fmt.Sprintf("the newest entry is %+v", all[len(all)-1].saw)
		}
		return ""
	})
	all, m := measuredOutside(t, p)
	know := 0
	for i, c := range all {
		know += c.known()
		if i > 0 && c.saw.From <= all[i-1].saw.To {
			t.Errorf("entries %d and %d tell of the same second: %d-%d and %d-%d", all[i-1].Index, c.Index, all[i-1].saw.From, all[i-1].saw.To, c.saw.From, c.saw.To)
		}
	}
	for _, c := range before {
		if !slices.ContainsFunc(all, func(o counted) bool { return o.Index == c.Index && bytes.Equal(o.Data, c.Data) }) {
			t.Errorf("entry %d is lost, or another", c.Index)
		}
	}
	if m.OutsideKnown != float64(know) {
		t.Errorf("%.0f s count as known, the entries know %d", m.OutsideKnown, know)
	}
	i := slices.IndexFunc(all, func(c counted) bool { return c.saw.From >= killed })
	if i < 1 || all[i].saw.From <= all[i-1].saw.To+1 {
		t.Fatalf("no second is unknown although the prober was killed at %d: %+v", killed, all)
	}
	t.Logf("%d s before the kill and %d s after it are unknown", killed-all[i-1].saw.To-1, all[i].saw.From-killed)
}
