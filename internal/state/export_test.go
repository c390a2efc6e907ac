package state

// ParsePosition is parsePosition, for tests.
var ParsePosition = parsePosition
