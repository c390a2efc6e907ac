package fact

import "time"

// Postgres is one region's PostgreSQL cluster as the region's etcd and each
// member's Patroni tell it.
type Postgres struct {
	Cluster string           `json:"cluster"` // REGION/postgres
	At      time.Time        `json:"at"`
	Lock    PostgresLock     `json:"lock"`
	Members []PostgresMember `json:"members"`
	Error   string           `json:"error,omitempty"` // why Lock could not be read

	// Newest is when the newest heartbeat that a standby cluster has was written at the
	// primary, and NewestAt when we asked: the difference is its lag as time.
	Newest   time.Time `json:"newest,omitzero"`
	NewestAt time.Time `json:"newest_at,omitzero"`

	Connections PostgresConnections `json:"connections,omitzero"`
	WAL         PostgresWAL         `json:"wal,omitzero"`
	Outrun      time.Time           `json:"outrun,omitzero"`    // of a standby cluster: as WAL.Outrun of its partner's
	Settings    map[string][]string `json:"settings,omitempty"` // by component id: where a server is set otherwise than declared, in words
	Drift       time.Time           `json:"drift,omitzero"`     // since when Lock or Settings differ from what is declared; zero: neither does
}

// Drifted sets Drift by what Patroni's configuration and the servers' settings say.
func (p *Postgres) Drifted(now time.Time) {
	p.Drift = Since(p.Drift, len(p.Lock.Differs) > 0 || len(p.Settings) > 0, now)
}

// PostgresWAL is the write-ahead log of a cluster's leader. Positions are in bytes.
type PostgresWAL struct {
	At       time.Time    `json:"at"`
	Member   string       `json:"member"`          // component id of the leader
	Position int64        `json:"position"`        // newest that it has written or replayed
	Oldest   int64        `json:"oldest"`          // oldest that it still has
	Rate     float64      `json:"rate,omitempty"`  // bytes a second of late; 0: unknown
	Partner  PostgresSlot `json:"partner"`         // of a cluster that leads; it keeps WAL for its partner region's
	Outrun   time.Time    `json:"outrun,omitzero"` // since when the partner region's cluster cannot follow from what it has; zero: it can, or it is unknown
}

// PostgresSlot is a physical replication slot as its server tells it.
type PostgresSlot struct {
	Exists bool   `json:"exists"`
	Active bool   `json:"active"`           // somebody streams through it
	Status string `json:"status,omitempty"` // wal_status: reserved, extended, unreserved or lost; empty: it has none
	Kept   int64  `json:"kept"`             // position from which on it keeps WAL; 0: it keeps none
	Safe   int64  `json:"safe"`             // bytes that may be written before WAL that it needs may be removed; -1: unknown, or no limit

	Strained time.Time `json:"strained,omitzero"` // since when it soon keeps no more what is needed; zero: it does not
}

// PostgresConnections is who is connected to the primary, and how many may be.
type PostgresConnections struct {
	At        time.Time          `json:"at"`
	Member    string             `json:"member"`   // component id of the primary
	Sessions  []PostgresSessions `json:"sessions"` // the largest first
	Roles     map[string]int     `json:"roles"`    // role → limit, of those that have one
	Databases map[string]int     `json:"databases"`
	Differs   []string           `json:"differs,omitempty"` // limits that are not as declared, in words
	Short     time.Time          `json:"short,omitzero"`    // since when one of them is nearly reached; zero: none is
	Crowded   string             `json:"crowded,omitempty"` // databases of others may take what is kept free, in words
	Crowd     time.Time          `json:"crowd,omitzero"`    // since when
}

// PostgresSessions are the sessions that have the same role, database and client.
type PostgresSessions struct {
	Role        string `json:"role"`
	Database    string `json:"database"`
	Application string `json:"application"` // as the client names itself
	Client      string `json:"client"`      // IP address: the edge's, where the session came through it
	Open        int    `json:"open"`
	Idle        int    `json:"idle"`
}

// PostgresLock is the leader key and the synchronous state in etcd.
type PostgresLock struct {
	Leader    string   `json:"leader,omitempty"` // member name, empty: nobody holds it
	Lease     int64    `json:"lease,omitempty"`
	Sync      []string `json:"sync,omitempty"` // members that may take over without loss
	SyncOwner string   `json:"sync_owner,omitempty"`
	Quorum    int      `json:"quorum"`
	Paused    bool     `json:"paused,omitempty"`
	Differs   []string `json:"differs,omitempty"`  // where Patroni's configuration is not as declared, in words
	Reserved  bool     `json:"reserved,omitempty"` // it keeps a slot for its partner region's cluster
	Standby   bool     `json:"standby,omitempty"`  // the cluster follows its partner region's, and takes no writes
}

// PostgresMember is one member as its own Patroni answers.
type PostgresMember struct {
	Name     string    `json:"name"`
	ID       string    `json:"id"`              // component id
	Seen     time.Time `json:"seen"`            // of the newest answer
	Broken   time.Time `json:"broken,omitzero"` // since when it cannot start or follow from what it has; zero: it can
	Error    string    `json:"error,omitempty"`
	Role     string    `json:"role"`  // primary, replica or standby_leader
	State    string    `json:"state"` // running, streaming, starting …
	Timeline int       `json:"timeline"`
	Received int64     `json:"received"` // WAL position received or written, bytes
	Replayed int64     `json:"replayed"`
	Moved    time.Time `json:"moved,omitzero"` // when either was last seen to change
	Sync     bool      `json:"sync"`           // a synchronous standby now

	Looked     time.Time `json:"looked,omitzero"`     // when the newest look at it began, whether it answered or not
	Restarting time.Time `json:"restarting,omitzero"` // since when its Patroni stops or restarts it in order; zero: it does neither
}
