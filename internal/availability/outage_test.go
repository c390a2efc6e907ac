package availability

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
)

// regionOf makes the components of a region with three zones; dead are zones of which nothing
// answers, and "edge".
func regionOf(dead ...string) (out []Component) {
	health := func(part string) Health {
		if slices.Contains(dead, part) {
			return Missing
		}
		return Healthy
	}
	out = append(out, Component{ID: "us-east-1/edge", Region: "us-east-1", Kind: "edge", Health: health("edge"), Since: zero})
	for n, z := range []string{"a", "b", "c"} {
		for _, kind := range []string{"node", "etcd", "postgres"} {
			out = append(out, Component{ID: "us-east-1/" + z + "/" + kind, Region: "us-east-1", Zone: z, Kind: kind, Health: health(z), Since: zero.Add(time.Duration(n) * time.Second)})
		}
	}
	return out
}

func TestOneCauseIsOneFinding(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dead   []string
		change func([]Component)
		want   string
	}{
		"all is well":                         {nil, nil, ""},
		"a zone":                              {[]string{"b"}, nil, "us-east-1/b: 3"},
		"two zones":                           {[]string{"b", "c"}, nil, "us-east-1/b: 3, us-east-1/c: 3"},
		"the edge alone":                      {[]string{"edge"}, nil, ""},
		"all zones, and the edge lives":       {[]string{"a", "b", "c"}, nil, "us-east-1/a: 3, us-east-1/b: 3, us-east-1/c: 3"},
		"the region":                          {[]string{"a", "b", "c", "edge"}, nil, "us-east-1: 10"},
		"a zone whose database still answers": {[]string{"b"}, func(c []Component) { c[6].Health = Degraded }, ""},
		"a zone whose node lives":             {[]string{"b"}, func(c []Component) { c[4].Health = Healthy }, ""},
		"a zone that nobody has heard of yet": {[]string{"b"}, func(c []Component) {
			c[4].Health, c[5].Health, c[6].Health = HealthUnknown, HealthUnknown, HealthUnknown
		}, ""},
		"a zone of which one part is unknown": {[]string{"b"}, func(c []Component) { c[5].Health = HealthUnknown }, "us-east-1/b: 2"},
	} {
		components := regionOf(c.dead...)
		if c.change != nil {
			c.change(components)
		}
		var got []string
		for _, o := range Outages("us-east-1", components) {
			got = append(got, o.subject()+": "+string(rune('0'+o.Missing/10%10))+string(rune('0'+o.Missing%10)))
		}
		if s := strings.ReplaceAll(strings.Join(got, ", "), ": 0", ": "); s != c.want {
			t.Errorf("%s: %q, want %q", name, s, c.want)
		}
	}
}

// What an outage explains is not told beside it, and what it does not explain is.
func TestAnOutageExplains(t *testing.T) {
	t.Parallel()
	all := func() (out []evidence.Finding) {
		for _, s := range []string{"us-east-1/a/postgres", "us-east-1/b/redis", "us-east-1/postgres", "us-east-1/edge", "us-east-1", "us-east-1>eu-west-1", "us-east-10/edge", "us-west-2/postgres", ""} {
			out = append(out, evidence.Finding{Code: "x", Subject: s})
		}
		out = append(out, evidence.Finding{Code: "x", Subject: "us-west-2/edge", Cause: "us-east-1"})
		out = append(out, evidence.Finding{Code: "mirror-lost", Subject: "us-east-1/kafka", Stands: true})
		return append(out, evidence.Finding{Code: "outside-failing", Subject: "us-east-1", Entries: []uint64{7}})
	}
	first := func(Outage) string { return "First do this." }
	left := func(o Outage) (string, evidence.Finding) {
		got := OneCause(all(), []Outage{o}, first)
		var names []string
		for _, f := range got[1:] {
			names = append(names, f.Subject)
		}
		return strings.Join(names, " "), got[0]
	}
	names, f := left(Outage{Region: "us-east-1", Since: zero, Missing: 22})
	if names != "us-east-10/edge us-west-2/postgres  us-east-1/kafka" || f.Code != "region-out" || f.Severity != evidence.Critical ||
		!strings.Contains(f.Title, "customers are not served") || !strings.Contains(f.Text, "22 components") || !strings.HasSuffix(f.Text, "First do this.") || len(f.Entries) != 1 {
		t.Errorf("a region: %q beside %+v", names, f)
	}
	names, f = left(Outage{Region: "us-east-1", Zone: "a", Since: zero, Missing: 7})
	if f.Code != "zone-out" || f.Subject != "us-east-1/a" || strings.Contains(names, "us-east-1/a/") || !strings.Contains(names, "us-east-1/b/redis us-east-1/postgres us-east-1/edge us-east-1 ") {
		t.Errorf("a zone: %q beside %+v", names, f)
	}
	if got := OneCause(all(), nil, first); len(got) != len(all()) {
		t.Errorf("no outage: %+v", got)
	}
}
