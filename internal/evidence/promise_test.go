package evidence

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

var theirs = map[string][]int{"q": {4, 5, 6, 7}, "r": {0, 1, 2, 3}}

// seen is what one vantage point saw of the homes from a second on: . served, x failed.
func seen(first int, outcomes map[string]string) []fact.OutsideSecond {
	var out []fact.OutsideSecond
	for _, home := range slices.Sorted(maps.Keys(outcomes)) {
		for i, c := range outcomes[home] {
			if i == len(out) {
				out = append(out, fact.OutsideSecond{Seq: unix(first + i)})
			}
			h := fact.OutsideHome{Home: home}
			if c == 'x' {
				h.Failed = "connect"
			}
			out[i].Homes = append(out[i].Homes, h)
		}
	}
	return out
}

// tell takes what a prober saw as a server does that remembers nothing, and returns what became
// of it: . served, x failed, ? unknown.
func (b *book) tell(asking, first int, outcomes map[string]string) map[string]string {
	b.t.Helper()
	var a Availability
	if _, err := b.Get(Key, &a); err != nil {
		b.t.Fatal(err)
	}
	told := seen(first, outcomes)
	got, n := map[string]string{}, 0
	homes := map[string]*OutsideHome{}
	for _, s := range a.Promised(told, theirs, unix(asking)) {
		n++
		for _, h := range s.Homes {
			out := homes[h.Home]
			if out == nil {
				out = &OutsideHome{Home: h.Home, Cells: theirs[h.Home], Weight: 1}
				homes[h.Home] = out
			}
			switch {
			case h.Unknown:
				got[h.Home] += "?"
				out.Unknown++
			case h.Served():
				got[h.Home] += "."
				out.Served++
			default:
				got[h.Home] += "x"
				out.Failed = append(out.Failed, Failure{Second: s.Seq})
			}
		}
	}
	c := OutsideCount{Point: "p", From: unix(first), To: unix(first + n - 1), At: start.Add(time.Duration(first+n) * time.Second), Of: 12}
	for _, home := range slices.Sorted(maps.Keys(homes)) {
		c.Homes = append(c.Homes, *homes[home])
	}
	b.add(OutsideCounted.Name, "p", c.At, c)
	return got
}

func (b *book) tells(asking, first int, r, want string) {
	b.t.Helper()
	if got := b.tell(asking, first, map[string]string{"r": r}); got["r"] != want {
		b.t.Errorf("from second %d on %s became %s, want %s", first, r, got["r"], want)
	}
}

// edge adds what an edge counted of home r's customers in the ten seconds before the given one.
func (b *book) edge(until int, requests, failed uint64) {
	at := start.Add(time.Duration(until) * time.Second)
	b.add(Counted.Name, "r/edge", at, Count{Region: "r", From: unix(until - 10), To: unix(until - 1), At: at, Cells: 12, Rows: []Cell{{Cell: 1, Requests: requests, Failed: failed}}})
}

// Six regions start on a busy machine. Who was never served was promised nothing, however long
// it takes and however many servers are told; who was served is, whatever else still starts.
func TestNothingIsPromisedBeforeTheFirstRequestIsServed_7_1_12(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	for _, step := range []struct {
		first int
		saw   map[string]string
		want  map[string]string
	}{
		{0, map[string]string{"q": "xxxx", "r": "xxxx"}, map[string]string{"q": "????", "r": "????"}},
		{4, map[string]string{"q": "xxxx", "r": "xx.x"}, map[string]string{"q": "????", "r": "??.x"}},
		{8, map[string]string{"q": "xxxx", "r": "xx.."}, map[string]string{"q": "????", "r": "xx.."}},
		{900, map[string]string{"q": "xxxx", "r": "x..x"}, map[string]string{"q": "????", "r": "x..x"}}, // a quarter of an hour later: it counts from the edges
		{904, map[string]string{"q": "x.xx", "r": "xxxx"}, map[string]string{"q": "?.xx", "r": "xxxx"}},
	} {
		if step.first == 900 {
			b.edge(890, 0, 0) // somebody counted all the time
		}
		if got := b.tell(0, step.first, step.saw); !maps.Equal(got, step.want) {
			t.Errorf("from second %d on %v became %v, want %v", step.first, step.saw, got, step.want)
		}
	}
}

// A customer who was served by an edge was served: what fails from then on counts, although no
// vantage point has seen a success. Requests that failed promise nothing.
func TestAnEdgesCustomerIsAPromise(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.edge(10, 5, 5)
	b.tells(0, 0, "xxxx", "????")
	b.edge(20, 5, 4)
	b.tells(0, 20, "xxxx", "xxxx")
	if got := b.tell(0, 24, map[string]string{"q": "xx"}); got["q"] != "??" {
		t.Errorf("another home: %v", got)
	}
}

// Whatever was told and not kept is told again: the answer is the same.
func TestSecondsThatAreToldAgainAreTheSame(t *testing.T) {
	t.Parallel()
	saw := seen(0, map[string]string{"r": "xx.x"})
	for range 2 {
		text := ""
		for _, s := range (Availability{}).Promised(saw, theirs, unix(0)) {
			text += map[bool]string{true: "?", false: "-"}[s.Homes[0].Unknown]
		}
		if text != "??--" {
			t.Errorf("%s", text)
		}
	}
}

// A platform that was switched off may take its time when it begins again, and not for ever.
func TestAPlatformThatWasOffMayBeginAgain(t *testing.T) {
	t.Parallel()
	const later = 3600
	b := newBook(t)
	b.tells(0, 0, "..", "..")
	b.tells(20, 20, "x.", "x.") // the prober was killed, and nothing else
	b.edge(later+12, 0, 0)      // the edges begin, and tell before the prober
	b.tells(later, later, "xxxx", "????")
	b.tells(later, later+4, "xx.x", "??.x")
	b.tells(later, later+8, "xx", "xx")

	b = newBook(t)
	b.tells(0, 0, "..", "..")
	b.tells(later, later, "xx", "??")
	limit := int(settles / time.Second)
	b.tells(later, later+limit, "xx", "?x")
}

// A prober that was away, or whose server was, is no platform that begins.
func TestAnOutageIsNoBeginning(t *testing.T) {
	t.Parallel()
	const later = 3600
	b := newBook(t)
	b.tells(0, 0, "..", "..")
	for until := 10; until <= later; until += 10 {
		b.edge(until, 0, 0) // the platform was up all the time, and nobody asked
	}
	b.tells(later, later, "xx", "xx")

	b = newBook(t)
	b.tells(0, 0, "..", "..")
	b.tells(0, later, "xx", "xx") // it has asked for an hour, and nobody took it
}

// What an earlier version kept does not say who was served: everybody was.
func TestAnEarlierVersionsDocumentPromisesAll(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	if err := b.Put(Key, Availability{Since: start.Add(-time.Hour), Until: start, Requests: 7, First: 1, Last: 1}); err != nil {
		t.Fatal(err)
	}
	b.next = 2
	b.tells(0, 5, "xx", "xx")
	b.tells(0, 7, "xx", "xx")
}

// However the seconds are cut into reports: what was served stays, and whatever fails after it
// counts.
func TestNoOutageEscapes(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(7, 12)) //nolint:gosec // of a test
	for range 50 {
		b := newBook(t)
		first, served := draw.IntN(1000), map[string]bool{}
		for range 1 + draw.IntN(5) {
			saw := map[string]string{}
			n := 1 + draw.IntN(30)
			for home := range theirs {
				text := make([]byte, n)
				for i := range text {
					text[i] = ".xxxxxx"[draw.IntN(7)]
				}
				saw[home] = string(text)
			}
			got := b.tell(draw.IntN(2000), first, saw)
			for home, text := range saw {
				begun := strings.IndexByte(text, '.')
				if served[home] {
					begun = 0
				}
				if begun < 0 {
					begun = n
				}
				if want := strings.Repeat("?", begun) + text[begun:]; got[home] != want {
					t.Fatalf("%s became %s, want %s", text, got[home], want)
				}
				served[home] = served[home] || begun < n
			}
			first += n + draw.IntN(500) // shorter than a platform that was off
		}
	}
}
