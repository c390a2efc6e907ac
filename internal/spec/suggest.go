package spec

import (
	"fmt"
	"strings"
)

// suggest names the choice that was probably meant, or lists them all where none is near.
func suggest(got string, choices []string) string {
	if best := nearest(got, choices); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "there are " + strings.Join(choices, ", ")
}

// nearest returns the choice that was probably meant, or "" where none is near: at most
// half of what was written may be wrong.
func nearest(got string, choices []string) string {
	best, least := "", len([]rune(got))/2+1
	for _, c := range choices {
		if strings.EqualFold(got, c) {
			return c
		}
		if d := distance(strings.ToLower(got), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the number of characters to insert, delete, replace or swap with their
// neighbour until a is b; a swap counts once, because it is the commonest slip.
func distance(a, b string) int {
	x, y := clip([]rune(a)), clip([]rune(b))
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// clip bounds the work of distance; no field or value is nearly as long.
func clip(r []rune) []rune { return r[:min(len(r), 64)] }

// Suggest is what an error says about a value that is none of a set of choices: the one that was
// probably meant, or all of them.
func Suggest(got string, choices []string) string { return suggest(got, choices) }
