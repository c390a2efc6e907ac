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
	Drift       time.Time           `json:"drift,omitzero"` // since when Lock differs from what is declared; zero: it does not
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
	Broken   time.Time `json:"broken,omitzero"` // since when it fails to start, again and again; zero: it does not
	Error    string    `json:"error,omitempty"`
	Role     string    `json:"role"`  // primary, replica or standby_leader
	State    string    `json:"state"` // running, streaming, starting …
	Timeline int       `json:"timeline"`
	Received int64     `json:"received"` // WAL position received or written, bytes
	Replayed int64     `json:"replayed"`
	Sync     bool      `json:"sync"` // a synchronous standby now
}
