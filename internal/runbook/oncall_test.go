package runbook

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/spec"
)

// Who is on call, until when, and when nobody is, against an oracle that counts turns one hour
// after the other.
func TestOnCallAgainstAnOracle(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 2))
	people := []string{"amina", "bo", "chen", "dara"}
	for range 300 {
		r := Rotation{Name: "r", Members: people[:1+rnd.IntN(4)], Begins: Moment{noon.Add(-time.Duration(rnd.IntN(500)) * time.Hour)}, Every: spec.Duration(time.Duration(1+rnd.IntN(200)) * time.Hour)}
		for range rnd.IntN(5) {
			from := noon.Add(time.Duration(rnd.IntN(600)-100) * time.Hour)
			r.Away = append(r.Away, Absence{people[rnd.IntN(4)], Moment{from}, Moment{from.Add(time.Duration(1+rnd.IntN(300)) * time.Hour)}})
		}
		oracle := func(at time.Time) string {
			turn := 0
			for begun := r.Begins.Time; !begun.Add(r.Every.D()).After(at); begun = begun.Add(r.Every.D()) {
				turn++
			}
			for i := range r.Members {
				name, away := r.Members[(turn+i)%len(r.Members)], false
				for _, a := range r.Away {
					away = away || a.Person == name && !at.Before(a.From.Time) && at.Before(a.Until.Time)
				}
				if !away {
					return name
				}
			}
			return ""
		}
		var firstGap time.Time
		for h := time.Duration(0); h < ahead; h += time.Hour {
			at := noon.Add(h)
			who, until, ok := r.OnCall(at)
			if want := oracle(at); who != want || ok != (want != "") {
				t.Fatalf("%+v at %v: %q, want %q", r, at, who, want)
			}
			if !ok && firstGap.IsZero() {
				firstGap = at
			}
			if !ok {
				continue
			}
			for x := at; x.Before(until) && x.Before(at.Add(48*time.Hour)); x = x.Add(time.Hour) {
				if oracle(x) != who {
					t.Fatalf("%+v at %v: %s until %v, but at %v it is %q", r, at, who, until, x, oracle(x))
				}
			}
		}
		if at, gap := r.gap(noon); gap != !firstGap.IsZero() || gap && !at.Equal(firstGap) {
			t.Fatalf("%+v: gap %v %v, want %v", r, gap, at, firstGap)
		}
	}
}
