package evidence

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/state"
)

// What began in practice is told again once it has outlasted it: then it is real.
func TestPracticeThatLastsIsReal(t *testing.T) {
	t.Parallel()
	p := people{t: t, docs: state.NewDocs(), now: start}
	exercise := Alert{Key: "a", Severity: Critical, Practice: true}
	earnest := exercise
	earnest.Practice = false
	p.pass(5*time.Minute, exercise)
	p.want("a firing critical")
	p.pass(leftOver-time.Second, earnest)
	p.want()
	p.pass(time.Second, exercise) // another drill: the time begins anew
	p.pass(leftOver-time.Second, earnest)
	p.want()
	p.pass(2*time.Second, earnest)
	p.want("a firing critical")
	p.pass(time.Hour, earnest)
	p.want()
}

// A budget that a drill spends is an exercise also when the drill is over; what customers lost
// beside it is not.
func TestTheBurnOfADrillIsPractice(t *testing.T) {
	t.Parallel()
	now := start.Truncate(24 * time.Hour).Add(12 * time.Hour)
	minute := func(region string, before int, bad float64) Day {
		return Day{Region: region, Date: now.Format(dateLayout), Bad: []BadMinute{{Minute: 12*60 - before, Bad: bad * 12}}}
	}
	drill := Incident{Region: "us-east-1", Began: now.Add(-3 * time.Minute), Recovered: now.Add(-2 * time.Minute), Practice: "fault-1"}
	for name, c := range map[string]struct {
		days     []Day
		practice bool
	}{
		"the drill alone":               {[]Day{minute("us-east-1", 3, 14)}, true},
		"the same minute elsewhere":     {[]Day{minute("eu-west-1", 3, 14)}, false},
		"another minute there":          {[]Day{minute("us-east-1", 1, 14)}, false},
		"the drill and a little beside": {[]Day{minute("us-east-1", 3, 14), minute("eu-west-1", 1, 0.1)}, true},
		"the drill and as much beside":  {[]Day{minute("us-east-1", 3, 14), minute("eu-west-1", 1, 14)}, false},
	} {
		b := DecideBurn(Counts{Days: c.days}, []Incident{drill}, 12, 0.9999, now)[0]
		if !b.Firing || b.Practice != c.practice {
			t.Errorf("%s: %+v", name, b)
		}
	}
}
