package audit

// request is one call of Record on its way to the disk.
type request struct {
	frame []byte
	err   error
	done  chan struct{}
}

// maxGroup bounds, in bytes, what shares one write and one sync.
const maxGroup = 1 << 20

// write is the one appender: what was asked meanwhile goes to the disk at once.
func (c *Client) write() {
	for closing := false; ; {
		var group []*request
		var frames []byte
		take := func(r *request) {
			if r == nil {
				closing = true
				return
			}
			group, frames = append(group, r), append(frames, r.frame...)
		}
		if !closing || !c.settled() {
			take(<-c.requests)
		}
	gather:
		for len(frames) < maxGroup {
			select {
			case r := <-c.requests:
				take(r)
			default:
				break gather
			}
		}
		if len(group) > 0 {
			c.commit(group, frames)
		} else if closing {
			return
		}
	}
}

func (c *Client) commit(group []*request, frames []byte) {
	err := c.spool.append(frames)
	c.mu.Lock()
	c.queued -= int64(len(frames))
	c.mu.Unlock()
	for _, r := range group {
		r.err = err
		close(r.done)
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// settled tells whether nobody who was admitted is still on the way.
func (c *Client) settled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queued == 0
}
