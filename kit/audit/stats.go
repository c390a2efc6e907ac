package audit

import "time"

// Stats is how a client fares.
type Stats struct {
	Pending    int64     // bytes in the spool that the server has not acknowledged
	Recorded   uint64    // events that the server acknowledged in this process's life
	Duplicates uint64    // of them, those that it had already
	Refused    uint64    // events in refused.jsonl that were put there in this life
	Damaged    int       // stretches of the spool that could not be read
	Trouble    string    // why nothing can be sent now; empty: all is well
	Since      time.Time // of Trouble
}

// Stats returns how the client fares.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Pending = c.spool.pending()
	c.spool.mu.Lock()
	defer c.spool.mu.Unlock()
	s.Damaged = c.spool.damaged
	return s
}
