package fact

import "time"

// RestoreTest is what a test of a restore has seen. A field that nobody could look at is zero, and
// Unseen says why: zero is never a good outcome.
type RestoreTest struct {
	Backup string            `json:"backup"`           // label of the set that was restored
	Unseen map[string]string `json:"unseen,omitempty"` // what could not be looked at → why

	Chain WALChain `json:"chain"` // the log from the backup to the target

	Isolation Isolation `json:"isolation"` // of the server, as seen from inside before it was started

	// The server that was started in the restored directory.
	System     uint64        `json:"system"`
	Timeline   uint32        `json:"timeline"`       // that its log stood on when the target was reached
	Replayed   time.Time     `json:"replayed"`       // time of the last transaction that it replayed
	Beyond     time.Time     `json:"beyond"`         // of the first that it left out: the log goes on past the target
	Position   int64         `json:"position"`       // of the last record that it replayed, bytes
	Writable   bool          `json:"writable"`       // it was promoted, and took a write
	AliveFor   time.Duration `json:"alive_for"`      // after that, the last time that it answered
	Heartbeat  time.Time     `json:"heartbeat"`      // the newest that the cluster had stored
	Pages      Inspection    `json:"pages"`          // against their checksums
	Relations  Inspection    `json:"relations"`      // tables and indexes against each other
	Roles      []string      `json:"roles"`          // that may log in
	Extensions []string      `json:"extensions"`     // in use that the host has
	Spaces     []string      `json:"spaces"`         // tablespaces that can be read
	Tables     []TableDigest `json:"tables"`         // of what it holds
	Erased     int           `json:"erased"`         // persons who were looked for
	Kept       []string      `json:"kept,omitempty"` // pseudonyms of those who were found
	Objects    Inspection    `json:"objects"`        // of the repository that were read, against their locks
	Phases     []Phase       `json:"phases"`         // in their order
	Loss       time.Time     `json:"loss"`           // the moment that is played: the cluster is lost then
}

// Inspection counts what was looked at, and names what is wrong of it.
type Inspection struct {
	Seen  int64    `json:"seen"`
	Wrong []string `json:"wrong,omitempty"`
}

// TableDigest is a fingerprint of a table's rows, whatever order they are in.
type TableDigest struct {
	Table string `json:"table"` // database.schema.table
	Rows  int64  `json:"rows"`
	Hash  string `json:"hash"`
}

// Phase is a part of a restore with its time.
type Phase struct {
	Name  string    `json:"name"`
	Begun time.Time `json:"begun"`
	Ended time.Time `json:"ended,omitzero"` // zero: it has not ended
}

// Isolation is a network namespace as a process inside sees it. A server that nobody can reach has
// one interface, lo, which is down, and no route.
type Isolation struct {
	Namespace  uint64   `json:"namespace"`  // its number
	Host       uint64   `json:"host"`       // that of the host's
	Interfaces []string `json:"interfaces"` // "lo", or "lo up"
	Routes     int      `json:"routes"`
}

// RestoreProgress says how far a test of a restore is.
type RestoreProgress struct {
	Phase    string         `json:"phase"`
	Begun    time.Time      `json:"begun"`            // the phase
	Backup   BackupProgress `json:"backup,omitzero"`  // of the backup's files
	Segments int            `json:"segments"`         // of the log that were fetched
	Needed   int            `json:"needed,omitempty"` // at least, up to the target
}
