package redis

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestHowAServerStarts(t *testing.T) {
	t.Parallel()
	full, empty, silent := peer{address: "b", answers: true, keys: true}, peer{address: "c", answers: true}, peer{address: "c"}
	leads := full
	leads.master = true
	for name, c := range map[string]struct {
		f    startFacts
		want startDecision
	}{
		"with its data, whatever the others say":        {startFacts{data: dataThere, peers: []peer{leads}, named: "b"}, startDecision{why: "has its data"}},
		"for the first time, alone":                     {startFacts{peers: []peer{{address: "b"}, silent}}, startDecision{why: "starts empty"}},
		"for the first time, beside a cluster":          {startFacts{peers: []peer{leads, silent}, named: "b"}, startDecision{follow: "b", why: "follows b"}},
		"without what it had, named master":             {startFacts{marked: true, peers: []peer{full, empty}, named: "self"}, startDecision{wait: true, why: "b has"}},
		"without what it had, another is promoted":      {startFacts{marked: true, peers: []peer{leads, empty}, named: "b"}, startDecision{follow: "b", why: "follows b"}},
		"another is named and has not taken over yet":   {startFacts{marked: true, peers: []peer{full, empty}, named: "b"}, startDecision{wait: true, why: "b has"}},
		"without what it had, the others are away":      {startFacts{marked: true, peers: []peer{empty, {address: "b"}}}, startDecision{wait: true, why: "remove "}},
		"without what it had, and nobody has anything":  {startFacts{marked: true, peers: []peer{empty, empty}, named: "self"}, startDecision{why: "starts empty"}},
		"with what it cannot read":                      {startFacts{data: dataBroken, why: "bad", marked: true, peers: []peer{full, silent}}, startDecision{aside: true, why: "gets it from b: bad"}},
		"with what it cannot read, once more":           {startFacts{data: dataBroken, why: "bad", tooSoon: true, peers: []peer{full, silent}}, startDecision{wait: true, why: "bad"}},
		"with what it cannot read, and nobody has more": {startFacts{data: dataBroken, why: "bad", marked: true, peers: []peer{empty, silent}}, startDecision{why: "tries what it has: bad"}},
	} {
		c.f.self = "self"
		got := decideStart(c.f)
		if !strings.Contains(got.why, c.want.why) {
			t.Errorf("%s: %q does not say %q", name, got.why, c.want.why)
		}
		got.why, c.want.why = "", ""
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// Whatever is seen, a server without its data never starts as a master while another one has some.
func TestAnEmptyServerNeverLeadsBesideData(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 1))
	flip := func() bool { return r.IntN(2) == 0 }
	for range 100_000 {
		f := startFacts{self: "a", data: data(2 * r.IntN(2)), marked: flip(), tooSoon: flip(), named: []string{"", "a", "b", "c", "stranger"}[r.IntN(5)]}
		some := false
		for _, address := range []string{"b", "c"} {
			p := peer{address: address, answers: flip()}
			p.keys, p.master = p.answers && flip(), p.answers && flip()
			some = some || p.keys
			f.peers = append(f.peers, p)
		}
		d := decideStart(f)
		if some && !d.wait && !d.aside && d.follow == "" {
			t.Fatalf("%+v: %+v", f, d)
		}
		if d.follow == f.self || d.follow == "stranger" {
			t.Fatalf("%+v: it follows %s", f, d.follow)
		}
	}
}
