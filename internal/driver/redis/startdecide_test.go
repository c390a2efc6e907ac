package redis

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestHowAServerStarts(t *testing.T) {
	t.Parallel()
	full, empty, silent := peer{address: "b", answers: true, keys: 7}, peer{address: "c", answers: true}, peer{address: "c"}
	leads := full
	leads.master = true
	live, stale := full, full
	live.offset, stale.offset, stale.apart = 100, 100, time.Hour
	for name, c := range map[string]struct {
		f    startFacts
		want startDecision
	}{
		"as a replica, with its data":                   {startFacts{data: dataThere, replica: true}, startDecision{why: "starts as a replica"}},
		"with its data, and another leads":              {startFacts{data: dataThere, peers: []peer{leads}, named: "b"}, startDecision{follow: "b", why: "follows b"}},
		"with its data, alone":                          {startFacts{data: dataThere}, startDecision{why: "nobody else"}},
		"with its data, and nobody else has any":        {startFacts{data: dataThere, peers: []peer{empty, empty}, named: "self"}, startDecision{why: "nobody else"}},
		"with its data, and a replica lived on":         {startFacts{data: dataThere, peers: []peer{live, silent}, named: "self", own: &own{keys: 9}}, startDecision{wait: true, why: "create lead"}},
		"a person lets it lead":                         {startFacts{data: dataThere, peers: []peer{live, silent}, named: "self", ordered: true}, startDecision{why: "lead orders"}},
		"with its data, another is named":               {startFacts{data: dataThere, peers: []peer{live, empty}, named: "b"}, startDecision{follow: "b", why: "Sentinels name"}},
		"another is named and does not answer":          {startFacts{data: dataThere, peers: []peer{silent, empty}, named: "c"}, startDecision{follow: "c", why: "Sentinels name"}},
		"a stranger is named":                           {startFacts{data: dataThere, peers: []peer{live, empty}, named: "x"}, startDecision{wait: true, why: "b has replicated"}},
		"with its data, the others do not answer yet":   {startFacts{data: dataThere, peers: []peer{silent, silent}, named: "self"}, startDecision{wait: true, why: "c, c"}},
		"with its data, the others do not answer":       {startFacts{data: dataThere, peers: []peer{silent, silent}, waited: silentFor}, startDecision{why: "nobody else"}},
		"all of them start":                             {startFacts{data: dataThere, peers: []peer{full, empty}, named: "self"}, startDecision{count: true, why: "compares it with that of b"}},
		"all of them start, it has as much":             {startFacts{data: dataThere, peers: []peer{full, full}, named: "self", own: &own{keys: 7}}, startDecision{why: "has 7 keys"}},
		"all of them start, it has less":                {startFacts{data: dataThere, peers: []peer{empty, full}, named: "self", own: &own{keys: 6}}, startDecision{wait: true, why: "has more"}},
		"all of them start, it cannot read its own":     {startFacts{data: dataThere, peers: []peer{full, full}, own: &own{err: errors.New("bad")}}, startDecision{wait: true, why: "cannot be loaded: bad"}},
		"a replica that had lost it long before":        {startFacts{data: dataThere, peers: []peer{stale, empty}, named: "self", own: &own{keys: 8}}, startDecision{why: "nobody that answers has more"}},
		"for the first time, alone":                     {startFacts{peers: []peer{{address: "b"}, silent}}, startDecision{why: "starts empty"}},
		"for the first time, beside a cluster":          {startFacts{peers: []peer{leads, silent}, named: "b"}, startDecision{follow: "b", why: "follows b"}},
		"without what it had, named master":             {startFacts{marked: true, peers: []peer{full, empty}, named: "self"}, startDecision{wait: true, why: "b has"}},
		"without what it had, another is promoted":      {startFacts{marked: true, peers: []peer{leads, empty}, named: "b"}, startDecision{follow: "b", why: "follows b"}},
		"another is named and has not taken over yet":   {startFacts{marked: true, peers: []peer{full, empty}, named: "b"}, startDecision{wait: true, why: "b has"}},
		"without what it had, the others are away":      {startFacts{marked: true, peers: []peer{empty, {address: "b"}}}, startDecision{wait: true, why: "remove "}},
		"without what it had, and nobody has anything":  {startFacts{marked: true, peers: []peer{empty, empty}, named: "self"}, startDecision{why: "starts empty"}},
		"with what it cannot read":                      {startFacts{data: dataBroken, why: "bad", marked: true, peers: []peer{full, silent}}, startDecision{aside: true, why: "gets it from b: bad"}},
		"with what it cannot read, once more":           {startFacts{data: dataBroken, why: "bad", tooSoon: true, peers: []peer{full, silent}}, startDecision{wait: true, why: "bad"}},
		"with what it cannot read, others may answer":   {startFacts{data: dataBroken, why: "bad", marked: true, peers: []peer{empty, silent}}, startDecision{wait: true, why: "waits for c: bad"}},
		"with what it cannot read, and nobody has more": {startFacts{data: dataBroken, why: "bad", marked: true, waited: silentFor, peers: []peer{empty, silent}}, startDecision{why: "tries what it has: bad"}},
	} {
		c.f.self, c.f.lead = "self", "lead"
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

// Whatever is seen, a server never starts as a master while another one that answers has more,
// and one that is told nothing new for long decides.
func TestAServerNeverLeadsWithLess(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 1))
	flip := func() bool { return r.IntN(2) == 0 }
	for range 100_000 {
		f := startFacts{self: "a", data: data(r.IntN(3)), marked: flip(), tooSoon: flip(), named: []string{"", "a", "b", "c", "stranger"}[r.IntN(5)], waited: time.Duration(r.IntN(10)) * time.Second}
		mine := int64(r.IntN(3))
		if f.data == dataNone || f.data == dataBroken {
			mine = 0
		}
		most, live := int64(0), false
		for _, address := range []string{"b", "c"} {
			p := peer{address: address, answers: flip()}
			if p.answers {
				p.keys, p.master, p.offset = int64(r.IntN(3)), flip(), int64(r.IntN(2))
			}
			most, live = max(most, p.keys), live || p.keys > 0 && p.offset > 0
			f.peers = append(f.peers, p)
		}
		d := decideStart(f)
		if d.count {
			f.own = &own{keys: mine}
			d = decideStart(f)
		}
		if (most > mine || live) && !d.wait && !d.aside && d.follow == "" {
			t.Fatalf("%+v: %+v", f, d)
		}
		if d.count || d.follow == f.self || d.follow == "stranger" {
			t.Fatalf("%+v: %+v", f, d)
		}
		if f.waited = silentFor; f.data == dataThere && most == 0 && decideStart(f).wait {
			t.Fatalf("%+v: it waits for nobody", f)
		}
	}
}

func TestWhatAnotherServerSays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]peer{
		"":                                       {},
		"role:master\r\nloading:1\r\ndb0:keys=3": {master: true, keys: 3},
		"role:master\r\nmaster_repl_offset:9\r\ndb0:keys=3,expires=1\r\ndb2:keys=4,expires=0":            {answers: true, master: true, keys: 7, offset: 9},
		"role:slave\r\nslave_repl_offset:5\r\nmaster_repl_offset:9\r\nmaster_link_down_since_seconds:70": {answers: true, offset: 5, apart: 70 * time.Second},
		"role:slave\r\nslave_repl_offset:0\r\nmaster_link_down_since_seconds:-1":                         {answers: true},
	} {
		if got := readPeer("", text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}
