package evidence

import "time"

// Point is how much of the error budget was spent at a moment of a window.
type Point struct {
	At    time.Time `json:"at"`
	Spent float64   `json:"spent_seconds"` // customer-weighted, since the begin of the window
}

// BurnDown returns n+1 points of a window, both ends included, at even distances.
func BurnDown(c Counts, scope Scope, cells int, from, to time.Time, n int) []Point {
	if scope.Cell != nil {
		cells = 1
	}
	step := max(to.Sub(from)/time.Duration(n), 1)
	out := make([]Point, n+1)
	for i := range out {
		out[i].At = from.Add(time.Duration(i) * step)
	}
	for key, b := range c.bad(scope, from, to) {
		first := int((key.minute.Sub(from)-1)/step) + 1 // the first point at or after the minute
		out[min(max(first, 0), n)].Spent += b.whole() / float64(max(cells, 1))
	}
	for i := 1; i < len(out); i++ {
		out[i].Spent += out[i-1].Spent
	}
	return out
}
