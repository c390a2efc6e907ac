package ingest

// WithBounds makes the bounds small enough to be met in a test.
func (o Options) WithBounds(slots, runIDs, tenants int) Options {
	o.slots, o.runIDs, o.tenants = slots, runIDs, tenants
	return o
}

// Ready waits until the service has read the journal.
func (s *Service) Ready() error {
	<-s.filled
	return s.failed
}

// Runs returns how many runs the index of ids has.
func (s *Service) Runs() int {
	s.seen.mu.RLock()
	defer s.seen.mu.RUnlock()
	return len(s.seen.runs)
}

// Parse is what the handler does with a body.
var Parse = parse

// Sealed is what the service makes of an event.
var Sealed = sealed
