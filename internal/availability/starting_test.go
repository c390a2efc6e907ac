package availability

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
)

// Until a region has been whole once nobody is alerted of it, for ten minutes at most; what
// breaks after that is told at once, and what another wing finds is not this one's.
func TestAPlatformThatStartsIsQuiet(t *testing.T) {
	t.Parallel()
	quiet := func(after time.Duration, east, west time.Time) string {
		all := []evidence.Finding{{Subject: "us-east-1/postgres"}, {Subject: "us-west-2/a/redis"}, {Subject: "us-east-1>us-west-2"}, {Subject: "wan"}}
		s := Start{Begun: zero, Whole: map[string]time.Time{"us-east-1": east, "us-west-2": west}}
		s.Quieten(all, zero.Add(after))
		var out []string
		for _, f := range all {
			if f.Quiet != strings.Contains(f.Text, "nobody is alerted") {
				t.Errorf("%+v", f)
			}
			if f.Quiet {
				out = append(out, f.Subject)
			}
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	var not time.Time
	at := zero.Add(15 * time.Second)
	for _, c := range []struct {
		after      time.Duration
		east, west time.Time
		want       string
	}{
		{10 * time.Second, not, not, "us-east-1/postgres us-east-1>us-west-2 us-west-2/a/redis wan"},
		{20 * time.Second, at, not, "us-east-1>us-west-2 us-west-2/a/redis wan"},
		{startFor, at, not, ""},
		{40 * time.Second, at, at, ""},
	} {
		if got := quiet(c.after, c.east, c.west); got != c.want {
			t.Errorf("after %v: %q, want %q", c.after, got, c.want)
		}
	}
}

// What customers missed while the platform started is left out of the alert until the last
// region is whole, and for no longer than the start may take.
func TestAStartEnds(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return zero.Add(time.Duration(s) * time.Second) }
	for name, c := range map[string]struct {
		whole map[string]time.Time
		want  time.Time
	}{
		"two regions":            {map[string]time.Time{"a": at(20), "b": at(50)}, at(50)},
		"one is not whole":       {map[string]time.Time{"a": at(20), "b": {}}, zero.Add(startFor)},
		"one was whole too late": {map[string]time.Time{"a": at(20), "b": at(5000)}, zero.Add(startFor)},
	} {
		if got := (Start{Begun: zero, Whole: c.whole}).End(); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestLacks(t *testing.T) {
	t.Parallel()
	healthy, mirror := Component{Health: Healthy}, Component{Kind: "mirror", Health: Progressing}
	for name, c := range map[string]struct {
		components []Component
		readiness  []Readiness
		want       string
	}{
		"nothing":                   {[]Component{healthy, mirror}, []Readiness{{Ready: true}, {Alone: true}}, ""},
		"one is unknown":            {[]Component{healthy, {ID: "r/a/etcd", Health: HealthUnknown, Detail: "no word"}}, nil, "r/a/etcd is unknown (no word)"},
		"one could not fail over":   {[]Component{healthy}, []Readiness{{Ready: true}, {Cluster: "r/redis", Reasons: []string{"x", "y"}}}, "r/redis could not fail over: x; y"},
		"nothing could not be less": {nil, nil, ""},
	} {
		if got := strings.Join(Lacks(c.components, c.readiness), ", "); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
