package route53

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func greenlang() Want {
	w := Want{Owner: "greenlang", Name: "api.greenlang.com", TTL: 5 * time.Second}
	for i, n := range []string{"us-east-1", "eu-west-1", "ap-southeast-1", "us-west-2", "eu-central-1", "ap-northeast-1"} {
		w.Regions = append(w.Regions, Region{Name: n, Address: fmt.Sprintf("203.0.113.%d", i+1), Open: i < 3, Port: 8080, Path: "/readyz"})
	}
	for c := range 12 {
		w.Cells = append(w.Cells, w.Regions[c%3].Name)
	}
	return w
}

// done is what a zone has after all steps, as Route 53 would have it.
func done(have Have, s Steps, each func(Have)) Have {
	for _, c := range s.Make {
		c.ID = "id of " + c.Reference
		have.Checks = append(slices.Clone(have.Checks), c)
	}
	for _, b := range s.Batches {
		records := slices.Clone(have.Records)
		for _, c := range b {
			records = slices.DeleteFunc(records, func(r Record) bool { return r.key() == c.Record.key() })
			if c.Action == Upsert {
				records = append(records, c.Record)
			}
		}
		have.Records = records
		each(have)
	}
	for _, c := range s.Drop {
		have.Checks = slices.DeleteFunc(slices.Clone(have.Checks), func(x Check) bool { return x.Reference == c.Reference })
	}
	return have
}

func answering(have Have) string {
	var out []string
	for _, r := range have.Records {
		if r.Region != "" {
			out = append(out, r.Region)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestPlan_7_1_2(t *testing.T) {
	t.Parallel()
	have := Have{Zone: "greenlang.com.", Records: []Record{{Name: "greenlang.com.", Type: "SOA"}, {Name: "www.greenlang.com.", Type: "A"}, {Name: "api.greenlang.com.", Type: "TXT"}}}
	for _, c := range []struct {
		name   string
		change func(*Want)
		want   string // regions of the latency records
		edits  int    // changes that it takes
	}{
		{"the first time: 6 regions, 3 of them by latency, 12 cells", func(*Want) {}, "ap-southeast-1 eu-west-1 us-east-1", 21},
		{"nothing new", func(*Want) {}, "ap-southeast-1 eu-west-1 us-east-1", 0},
		{"a switch is off", func(w *Want) { w.Regions[0].Open = false }, "ap-southeast-1 eu-west-1", 1},
		{"a home has moved", func(w *Want) {
			w.Regions[3].Open = true
			for i := 0; i < 12; i += 3 {
				w.Cells[i] = "us-west-2"
			}
		}, "ap-southeast-1 eu-west-1 us-west-2", 5},
		{"a region of weight 0 while others are left", func(w *Want) { w.Regions[1].Reserve = true }, "ap-southeast-1 us-west-2", 1},
		{"only the one of weight 0 is left", func(w *Want) { w.Regions[2].Open, w.Regions[3].Open = false, false }, "eu-west-1", 3},
		{"every switch is off: as if none were, without weight 0", func(w *Want) { w.Regions[1].Open = false }, "ap-northeast-1 ap-southeast-1 eu-central-1 us-east-1 us-west-2", 6},
		{"two cells fewer", func(w *Want) { w.Cells = w.Cells[:10] }, "ap-northeast-1 ap-southeast-1 eu-central-1 us-east-1 us-west-2", 2},
	} {
		if c.name == "the first time: 6 regions, 3 of them by latency, 12 cells" {
			current = greenlang()
		}
		c.change(&current)
		for _, most := range []int{2, 7, MostChanges} { // however small the batches are
			s, err := Plan(current, have, most)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			n := 0
			for _, b := range s.Batches {
				n += len(b)
			}
			after := done(have, s, func(h Have) {
				if answering(have) != "" && answering(h) == "" {
					t.Errorf("%s: a batch leaves the service without a region", c.name)
				}
			})
			if got := answering(after); got != c.want || n != c.edits {
				t.Errorf("%s: %s by %d changes, want %s by %d", c.name, got, n, c.want, c.edits)
			}
			if again, err := Plan(current, after, most); err != nil || !again.Done() {
				t.Errorf("%s: once is not enough: %+v %v", c.name, again, err)
			}
			if most == MostChanges {
				have = after
			}
		}
	}
	if len(have.Records) != 3+6+5+10 || len(have.Checks) != 6 {
		t.Errorf("%d records, %d checks", len(have.Records), len(have.Checks))
	}
}

// current is the wish that TestPlan_7_1_2 changes step by step.
var current Want

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	w, have := greenlang(), Have{Zone: "greenlang.com."}
	for name, c := range map[string]struct {
		want Want
		have Have
		says string
	}{
		"no region":       {Want{Owner: "x", Name: "api.greenlang.com"}, have, "must always stand for one"},
		"another zone":    {w, Have{Zone: "example.com."}, "not a name below"},
		"the zone itself": {w, Have{Zone: "api.greenlang.com."}, "not a name below"},
		"a foreign A":     {w, Have{Zone: have.Zone, Records: []Record{{Name: "cell-3.api.greenlang.com.", Type: "A"}}}, "cell-3.api.greenlang.com. A"},
		"another owner":   {w, Have{Zone: have.Zone, Records: []Record{{Name: "api.greenlang.com.", Type: "A", Set: "fournines/other/us-east-1"}}}, "in the way"},
		"a foreign CNAME": {w, Have{Zone: have.Zone, Records: []Record{{Name: "us-east-1.api.greenlang.com.", Type: "CNAME"}}}, "in the way"},
	} {
		if s, err := Plan(c.want, c.have, MostChanges); err == nil || !strings.Contains(err.Error(), c.says) || !s.Done() || (strings.Contains(c.says, "in the way") && !errors.Is(err, ErrForeign)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the zone holds and is wanted: nothing of others is touched, no batch is too
// large or leaves the service without a region it had, and one application is enough.
func TestPlanOfAnything(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	var wishes []Want
	for range 40 {
		w := greenlang()
		for i := range w.Regions {
			w.Regions[i].Open, w.Regions[i].Reserve, w.Regions[i].Port = r.IntN(2) == 0, r.IntN(4) == 0, r.IntN(2)
		}
		w.Regions, w.TTL = w.Regions[:1+r.IntN(6)], time.Duration(1+r.IntN(9))*time.Second
		w.Cells = nil
		for range r.IntN(30) {
			w.Cells = append(w.Cells, w.Regions[r.IntN(len(w.Regions))].Name)
		}
		wishes = append(wishes, w)
	}
	others := []Record{{Name: "greenlang.com.", Type: "NS"}, {Name: "www.greenlang.com.", Type: "A"}, {Name: "x.api.greenlang.com.", Type: "A", Set: "fournines/other/x"}, {Name: "evilapi.greenlang.com.", Type: "A", Set: "fournines/greenlang/x"}}
	have := Have{Zone: "greenlang.com.", Records: others, Checks: []Check{{Reference: "somebody's", ID: "1"}}}
	for i, w := range wishes {
		most := 2 + r.IntN(20)
		s, err := Plan(w, have, most)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range s.Batches {
			cost := 0
			for _, c := range b {
				cost += c.cost()
			}
			if cost > most {
				t.Fatalf("a batch counts for %d of %d", cost, most)
			}
		}
		have = done(have, s, func(h Have) {
			if i > 0 && answering(h) == "" {
				t.Fatal("the service stands for no region")
			}
		})
		for _, o := range others {
			if !slices.ContainsFunc(have.Records, o.equal) {
				t.Fatalf("%s of somebody else is gone", o)
			}
		}
		if have.Checks[0].Reference != "somebody's" {
			t.Fatal("a health check of somebody else is gone")
		}
		if again, _ := Plan(w, have, most); !again.Done() {
			t.Fatalf("once is not enough: %+v", again)
		}
	}
}
