package decide_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/edge/decide"
)

// TestScenarios plays testdata/*.txt. Times are seconds since the beginning.
func TestScenarios(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &scene{start: time.Unix(1_800_000_000, 0)}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			switch d.Cmd {
			case "breaker":
				s.breakerLines(t, d)
			case "health":
				s.healthLines(t, d)
			case "choose":
				s.chooseLines(t, d)
			case "budget":
				s.budgetLines(t, d)
			case "leader":
				s.leaderLines(t, d)
			default:
				t.Fatalf("%s: command %q is unknown", d.Pos, d.Cmd)
			}
			return s.out.String()
		})
	})
}

// scene keeps what one file has built up.
type scene struct {
	start   time.Time
	out     strings.Builder
	breaker *decide.Breaker
	permits map[string]decide.Permit
	health  *decide.Health
	budget  *decide.Budget
	lead    decide.Leadership
}

func (s *scene) at(t *testing.T, word string) time.Time {
	t.Helper()
	seconds, err := strconv.ParseFloat(strings.TrimSuffix(word, "s"), 64)
	if err != nil {
		t.Fatalf("%q is no time: %v", word, err)
	}
	return s.start.Add(time.Duration(seconds * float64(time.Second)))
}

// each hands over the words of each input line.
func each(d *datadriven.TestData, do func(line string, words []string)) {
	for line := range strings.SplitSeq(d.Input, "\n") {
		if words := strings.Fields(line); len(words) > 0 {
			do(line, words)
		}
	}
}

// breakerLines: "TIME ask NAME", "TIME ok NAME", "TIME fail NAME", "TIME gone
// NAME", "TIME seen-up".
func (s *scene) breakerLines(t *testing.T, d *datadriven.TestData) {
	if s.breaker == nil {
		s.breaker, s.permits = decide.NewBreaker(0, 0, s.start), map[string]decide.Permit{}
	}
	each(d, func(line string, w []string) {
		now, note := s.at(t, w[0]), ""
		switch w[1] {
		case "ask":
			permit, ok := s.breaker.Allow(now)
			s.permits[w[2]] = permit
			note = map[bool]string{true: "granted, ", false: "refused, "}[ok]
		case "ok":
			s.breaker.Success(s.permits[w[2]], now)
		case "fail":
			s.breaker.Failure(s.permits[w[2]], now)
		case "gone":
			s.breaker.Abandon(s.permits[w[2]], now)
		case "seen-up":
			s.breaker.Recheck(now)
		default:
			t.Fatalf("%s: %q is unknown", d.Pos, line)
		}
		state, _ := s.breaker.State()
		fmt.Fprintf(&s.out, "%s: %s%s", line, note, state)
		if n := s.breaker.Consecutive(); n > 0 {
			fmt.Fprintf(&s.out, ", failures in a row: %d", n)
		}
		s.out.WriteString("\n")
	})
}

// healthLines: "TIME ok", "TIME fail" or "TIME blind"; says the state and the next probe,
// and whether a failure seen in the traffic would justify one at once.
func (s *scene) healthLines(t *testing.T, d *datadriven.TestData) {
	if s.health == nil {
		s.health = decide.NewHealth(decide.ProbePolicy{}, s.start)
	}
	each(d, func(line string, w []string) {
		changed := false
		if w[1] == "blind" {
			s.health.Blind(s.at(t, w[0]))
		} else {
			changed = s.health.Observe(w[1] == "ok", s.at(t, w[0]))
		}
		up, _ := s.health.Up()
		fmt.Fprintf(&s.out, "%s: up=%v", line, up)
		if changed {
			s.out.WriteString(" (changed)")
		}
		if failing := s.health.Failing(); !failing.IsZero() {
			fmt.Fprintf(&s.out, ", failing since %v", failing.Sub(s.start).Seconds())
		}
		fmt.Fprintf(&s.out, ", next probe in %v to %v\n", s.health.Next(0), s.health.Next(1))
	})
}

// chooseLines: a pool, one target per line "NAME [weight=N] [busy=N] [ejected]
// [cut] [drain] [tried]"; says how 1000 spread draws fall.
func (s *scene) chooseLines(t *testing.T, d *datadriven.TestData) {
	var names []string
	var pool []decide.Candidate
	each(d, func(line string, w []string) {
		c := decide.Candidate{Weight: 1}
		for _, word := range w[1:] {
			name, value, _ := strings.Cut(word, "=")
			n, _ := strconv.Atoi(value)
			switch name {
			case "weight":
				c.Weight = n
			case "busy":
				c.Inflight = n
			case "ejected":
				c.Ejected = true
			case "cut":
				c.Cut = true
			case "drain":
				c.Drain = true
			case "tried":
				c.Tried = true
			default:
				t.Fatalf("%s: %q is unknown", d.Pos, line)
			}
		}
		names, pool = append(names, w[0]), append(pool, c)
	})
	count := make([]int, len(pool))
	draw := uint64(1)
	for range 1000 {
		draw = draw*6364136223846793005 + 1442695040888963407 // a fixed sequence
		if i := decide.Choose(pool, draw>>7^draw<<13); i >= 0 {
			count[i]++
		}
	}
	fmt.Fprintf(&s.out, "panic=%v\n", decide.Panicking(pool))
	for i, name := range names {
		fmt.Fprintf(&s.out, "%s: %d %%\n", name, (count[i]+5)/10)
	}
}

// budgetLines: "TIME requests N" or "TIME retries N"; says how many are granted.
func (s *scene) budgetLines(t *testing.T, d *datadriven.TestData) {
	if s.budget == nil {
		s.budget = decide.NewBudget(-1, -1, s.start)
	}
	each(d, func(line string, w []string) {
		now := s.at(t, w[0])
		n, err := strconv.Atoi(w[2])
		if err != nil {
			t.Fatalf("%s: %v", d.Pos, err)
		}
		granted := 0
		for range n {
			if w[1] == "requests" {
				s.budget.Request(now)
			} else if s.budget.Retry(now) {
				granted++
			}
		}
		fmt.Fprint(&s.out, line)
		if w[1] == "retries" {
			fmt.Fprintf(&s.out, ": %d granted", granted)
		}
		s.out.WriteString("\n")
	})
}

// leaderLines: "A=leads@TERM B=follows C=silent" is one round of answers;
// "fence A" and "lift A" are commands.
func (s *scene) leaderLines(t *testing.T, d *datadriven.TestData) {
	each(d, func(line string, w []string) {
		switch w[0] {
		case "fence":
			s.lead.Fence(w[1])
		case "lift":
			s.lead.Lift(w[1])
		default:
			s.lead.Consider(claims(t, d, w))
		}
		member, term := s.lead.Leader()
		if member == "" {
			fmt.Fprintf(&s.out, "%s: nobody leads\n", line)
			return
		}
		fmt.Fprintf(&s.out, "%s: %s leads, term %d\n", line, member, term)
	})
}

func claims(t *testing.T, d *datadriven.TestData, words []string) (claims []decide.Claim) {
	for _, word := range words {
		name, says, ok := strings.Cut(word, "=")
		c := decide.Claim{Member: name, Answered: says != "silent"}
		if term, leads := strings.CutPrefix(says, "leads@"); leads {
			n, err := strconv.ParseUint(term, 10, 64)
			if err != nil {
				t.Fatalf("%s: %v", d.Pos, err)
			}
			c.Leads, c.Term = true, n
		} else if !ok || (says != "silent" && says != "follows") {
			t.Fatalf("%s: %q is unknown", d.Pos, word)
		}
		claims = append(claims, c)
	}
	return claims
}
