package spec

import (
	"math"
	"strconv"
	"time"
)

// Severity says whether targets exclude each other, or hold under a condition worth knowing.
type Severity string

// The severities of a contradiction.
const (
	Conflict Severity = "contradiction"
	Note     Severity = "note"
)

// Contradiction is where a platform's targets meet arithmetic.
type Contradiction struct {
	Code       string   `json:"code"` // stable
	Severity   Severity `json:"severity"`
	Title      string   `json:"title"`
	Arithmetic []string `json:"arithmetic"`       // the numbers, step by step
	Remedy     string   `json:"remedy,omitempty"` // what would make it hold
	Paths      []string `json:"paths"`            // the values it rests on
	Lines      []int    `json:"lines,omitempty"`  // where those stand in the file, by [Document.CheckTargets]
}

// CheckTargets holds a platform's targets against each other and against what its own
// engines and policies can do. It is pure, it expects a valid platform (see [Validate]),
// and its findings are in a fixed order.
func CheckTargets(p *Platform) []Contradiction {
	checks := []func(*PlatformSpec) []Contradiction{
		checkMeanTimes, checkCells, checkRegionLoss, checkZones, checkHealth,
		checkPatroni, checkAcceleration, checkWrites, checkRedis, checkRecovery, checkBudget,
	}
	out := []Contradiction{}
	for _, check := range checks {
		out = append(out, check(&p.Spec)...)
	}
	return out
}

// active returns the number of regions that serve customers.
func (s *PlatformSpec) active() int {
	n := 0
	for _, r := range s.Regions {
		if r.Role == Active {
			n++
		}
	}
	return n
}

// year is the year of all availability figures: 365 days.
const year = 365 * 24 * time.Hour

// minutes prints minutes with as many digits as tell them apart.
func minutes(m float64) string {
	if m >= 100 {
		return strconv.FormatFloat(m, 'f', 0, 64) + " min"
	}
	return trim(m, 2) + " min"
}

// percent prints a share as a percentage with at most that many decimals.
func percent(share float64, decimals int) string { return trim(100*share, decimals) + " %" }

// trim prints f rounded, without trailing zeros.
func trim(f float64, decimals int) string {
	scale := math.Pow10(decimals)
	return strconv.FormatFloat(math.Round(f*scale)/scale, 'f', -1, 64)
}

// yearly returns the minutes of a year that a share of it takes.
func yearly(share float64) float64 { return share * year.Minutes() }
