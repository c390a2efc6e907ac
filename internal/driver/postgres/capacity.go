package postgres

import "time"

// MaxConnections is how many sessions a server has room for. It is shared out as follows, so
// that nobody can take what probes and Patroni need; what is left are the applications'.
const (
	MaxConnections = 100
	ForSuperusers  = 5  // Patroni, the server's own look, and a person who mends
	ForProbes      = 12 // of each node and server; several at once where the path is slow
	ForOthers      = 8  // databases that the platform did not make, together
	ForDirect      = 5  // beside the edge: sessions that reach the server by themselves, or have not ended there yet
)

// AuthenticationTimeout is how long a client may take to prove who it is. Until then it takes
// a place that nothing else bounds.
const AuthenticationTimeout = 10 * time.Second

// Share is how many sessions each of so many applications may have, by its role and by its
// database.
func Share(applications int) int {
	return (MaxConnections - ForSuperusers - ForProbes - ForOthers) / max(applications, 1)
}

// EdgeRole is how many sessions of one role an edge may open, so that it refuses before the
// server does.
func EdgeRole(applications int) int { return max(Share(applications)-ForDirect, 1) }

// EdgeSessions is how many sessions an edge may open for all roles but the probes', also
// those that have not proved who they are.
const EdgeSessions = MaxConnections - ForSuperusers - ForProbes - ForDirect
