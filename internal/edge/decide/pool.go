package decide

import "time"

// Candidate is one target as the choice sees it now.
type Candidate struct {
	Weight   int  // share of the traffic relative to the others, at least 1
	Inflight int  // requests under way
	Ejected  bool // down by probes, or its breaker refuses
	Cut      bool // the path to it is dead: requests get no answer
	Drain    bool // takes nothing new
	Tried    bool // has already had this request
}

// Panicking says whether ejection has gone beyond half of the pool. Then it is more likely
// that the judgement is wrong, or that the survivors would be crushed, than that all of
// them are dead: everything that neither drains nor is cut serves again. A dead path is not
// a judgement of a target: a request that is sent into it proves nothing, it only waits.
func Panicking(pool []Candidate) bool {
	size, out := 0, 0
	for i := range pool {
		if pool[i].Drain || pool[i].Cut {
			continue
		}
		size++
		if pool[i].Ejected {
			out++
		}
	}
	return out*2 > size
}

// Choose returns the index of the target to serve a request, or -1 when there
// is none. It draws two by weight and takes the one with less work for its
// weight; draw is 64 random bits. It never returns a target that drains, is cut or was
// tried.
func Choose(pool []Candidate, draw uint64) int {
	all := Panicking(pool)
	total := 0
	for i := range pool {
		if eligible(&pool[i], all) {
			total += weight(&pool[i])
		}
	}
	if total == 0 {
		return -1
	}
	first := nth(pool, all, int(uint32(draw)%uint32(total)))
	second := nth(pool, all, int(uint32(draw>>32)%uint32(total)))
	if lighter(&pool[second], &pool[first]) {
		return second
	}
	return first
}

// Ramp returns the weight of a target that came back at since: a tenth at
// first, the full weight after over, so that a cold process is not flooded.
// Weights are scaled by 100 to keep the ramp whole-numbered.
func Ramp(weight int, since, now time.Time, over time.Duration) int {
	full := max(weight, 1) * 100
	gone := now.Sub(since)
	if since.IsZero() || over <= 0 || gone >= over {
		return full
	}
	return max(full/10, int(float64(full)*float64(gone)/float64(over)))
}

func eligible(c *Candidate, all bool) bool {
	return !c.Drain && !c.Cut && !c.Tried && (all || !c.Ejected)
}

func weight(c *Candidate) int { return max(c.Weight, 1) }

func nth(pool []Candidate, all bool, left int) int {
	last := -1
	for i := range pool {
		if !eligible(&pool[i], all) {
			continue
		}
		last = i
		left -= weight(&pool[i])
		if left < 0 {
			break
		}
	}
	return last
}

// lighter compares work per weight without dividing.
func lighter(a, b *Candidate) bool {
	return (a.Inflight+1)*weight(b) < (b.Inflight+1)*weight(a)
}
