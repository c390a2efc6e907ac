package pgwire

// Tracker follows one session from after its startup packet. It is not safe
// for concurrent use.
type Tracker struct {
	client, server scanner
	pending        int  // answers ReadyForQuery that are owed
	unsynced       bool // extended-protocol messages without their Sync yet
	status         byte // of the last ReadyForQuery: I, T or E
}

// NewTracker returns the tracker of a session whose startup packet was just
// sent: its authentication ends with the first ReadyForQuery.
func NewTracker() *Tracker { return &Tracker{pending: 1} }

// Client takes bytes on their way to the server.
func (t *Tracker) Client(p []byte) {
	t.client.feed(p, func(kind, _ byte) {
		switch kind {
		case 'Q', 'F', 'S': // query, function call, sync
			t.pending++
			t.unsynced = false
		case 'P', 'B', 'E', 'D', 'C', 'H': // extended query
			t.unsynced = true
		}
	})
}

// Server takes bytes on their way to the client.
func (t *Tracker) Server(p []byte) {
	t.server.feed(p, func(kind, last byte) {
		if kind != 'Z' {
			return
		}
		t.status = last
		if t.pending > 0 {
			t.pending--
		}
	})
}

// Begun says whether the server has let the client in.
func (t *Tracker) Begun() bool { return t.status != 0 }

// Idle says whether it is proven that the server owes nothing and no
// transaction is open.
func (t *Tracker) Idle() bool {
	return t.Quiet() && t.status == 'I'
}

// Quiet says whether it is proven that the server owes nothing; a transaction
// may be open, and ends with the session.
func (t *Tracker) Quiet() bool {
	return t.pending == 0 && !t.unsynced && t.client.between() && t.server.between()
}

// Speakable says whether the edge may speak to the client in the server's name:
// the server's stream stands between two messages.
func (t *Tracker) Speakable() bool { return t.server.between() }
