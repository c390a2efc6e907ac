package evidence

// share is what is left of the known time, or of all requests, after what was lost; nil where
// nothing is known: a share of nothing is unknown, and not 100 %.
func share(spent, known float64) *float64 {
	if known <= 0 {
		return nil
	}
	left := max(1-spent/known, 0)
	return &left
}

// Below tells whether a share is below a target. An unknown one is neither below nor above.
func Below(share *float64, target float64) bool { return share != nil && *share < target }
