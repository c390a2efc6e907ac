package fact

import "time"

// BackupRepository is what a backup engine says of one cluster's backups.
type BackupRepository struct {
	Stanza   string          `json:"stanza"` // the cluster's name in the repository
	At       time.Time       `json:"at"`
	Cipher   string          `json:"cipher"` // "none" where what is stored can be read by anybody
	Status   string          `json:"status"` // in the engine's own words
	Busy     bool            `json:"busy"`   // a backup or an expiry runs
	Clusters []BackupCluster `json:"clusters"`
	Archives []BackupArchive `json:"archives"`
	Backups  []Backup        `json:"backups"` // the oldest first
}

// Find returns the backup of that label.
func (r BackupRepository) Find(label string) (Backup, bool) {
	for _, b := range r.Backups {
		if b.Label == label {
			return b, true
		}
	}
	return Backup{}, false
}

// BackupCluster is a cluster that the repository holds backups of; a major upgrade makes a new one.
type BackupCluster struct {
	Number  int    `json:"number"`
	System  uint64 `json:"system"` // PostgreSQL's system identifier
	Version string `json:"version"`
}

// BackupArchive is the write-ahead log that is stored of one cluster. Between its ends
// segments may be missing: see [WALChain].
type BackupArchive struct {
	ID      string `json:"id"`
	Cluster int    `json:"cluster"`
	First   string `json:"first,omitempty"` // oldest segment; empty: there is none
	Last    string `json:"last,omitempty"`  // newest segment
}

// Backup is one set of a repository.
type Backup struct {
	Label       string            `json:"label"`
	Kind        string            `json:"kind"`            // full, diff or incr
	Prior       string            `json:"prior,omitempty"` // the set that it continues
	References  []string          `json:"references,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Cluster     int               `json:"cluster"`

	Begun time.Time `json:"begun"`
	Ended time.Time `json:"ended"`
	Begin int64     `json:"begin"` // position in the write-ahead log, bytes
	End   int64     `json:"end"`   // from here on what it restores is consistent
	First string    `json:"first"` // oldest and newest segment that it needs to become so
	Last  string    `json:"last"`

	Size         int64 `json:"size"`          // bytes of the cluster
	Copied       int64 `json:"copied"`        // bytes of these that this set copied itself
	Stored       int64 `json:"stored"`        // bytes that the set and what it refers to take in the repository
	StoredItself int64 `json:"stored_itself"` // bytes of these that are its own
	Damaged      bool  `json:"damaged"`       // it holds pages whose checksum was wrong in the cluster

	Engine string `json:"engine"` // version that made it
	Format int    `json:"format"`

	// What follows is known only of a set that was asked for by its label.
	Databases   []BackupDatabase  `json:"databases,omitempty"`
	Tablespaces []BackupTable     `json:"tablespaces,omitempty"`
	Links       map[string]string `json:"links,omitempty"` // path below the data directory → where it leads
	BadFiles    []string          `json:"bad_files,omitempty"`
}

// BackupDatabase is a database in a backup.
type BackupDatabase struct {
	Name string `json:"name"`
	OID  uint32 `json:"oid"`
}

// BackupTable is a tablespace in a backup.
type BackupTable struct {
	Name string `json:"name"`
	OID  uint32 `json:"oid"`
	Path string `json:"path"`
}

// BackupVerification is what reading a whole repository has shown.
type BackupVerification struct {
	Begun    time.Time         `json:"begun"`
	Ended    time.Time         `json:"ended"`
	Archives []VerifiedArchive `json:"archives"`
	Backups  []VerifiedBackup  `json:"backups"`
	Findings []BackupFinding   `json:"findings"` // none: everything was read, and is as it was stored
}

// Sound tells whether everything was read and is as it was stored. It says nothing of what was
// never stored: see [WALChain].
func (v BackupVerification) Sound() bool { return len(v.Findings) == 0 }

// VerifiedArchive counts the write-ahead log segments of one archive.
type VerifiedArchive struct {
	ID      string `json:"id"`
	Checked int64  `json:"checked"`
	Valid   int64  `json:"valid"`
	Wrong   Wrong  `json:"wrong"`
}

// VerifiedBackup counts the files of one set.
type VerifiedBackup struct {
	Label   string `json:"label"`
	Status  string `json:"status"`
	Checked int64  `json:"checked"`
	Valid   int64  `json:"valid"`
	Wrong   Wrong  `json:"wrong"`
}

// Wrong counts what is not as it was stored, by how it differs.
type Wrong struct {
	Missing  int64 `json:"missing"`
	Checksum int64 `json:"checksum"`
	Size     int64 `json:"size"`
	Other    int64 `json:"other"`
}

// BackupFinding is one thing that is not as it should be in a repository.
type BackupFinding struct {
	Subject string `json:"subject"` // a set's label, an archive, or a path in the repository
	Text    string `json:"text"`
}

// BackupExpiry is what leaves a repository together.
type BackupExpiry struct {
	Backups []string         `json:"backups"` // labels, those that continue a set before it
	WAL     []BackupWALRange `json:"wal"`
}

// BackupWALRange is a range of write-ahead log segments of one archive.
type BackupWALRange struct {
	Archive string `json:"archive"`
	First   string `json:"first"`
	Last    string `json:"last"`
}

// BackupProgress is how far a backup or a restore has come.
type BackupProgress struct {
	Files   int           `json:"files"`
	Done    int64         `json:"done"`  // bytes of the cluster, before compression
	Total   int64         `json:"total"` // bytes, estimated from what the engine rounds; 0: unknown yet
	Elapsed time.Duration `json:"elapsed"`
}

// Rate is how many bytes were done in a second.
func (p BackupProgress) Rate() float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Done) / p.Elapsed.Seconds()
}

// Left is how long the rest takes at this rate; 0: it is unknown.
func (p BackupProgress) Left() time.Duration {
	if rate := p.Rate(); rate > 0 && p.Total > p.Done {
		return time.Duration(float64(p.Total-p.Done) / rate * float64(time.Second))
	}
	return 0
}

// Restored is a data directory that was restored, and no server has started in it yet. Nothing
// of it is proved before one has, and has reached the target.
type Restored struct {
	Dir    string    `json:"dir"`
	Backup string    `json:"backup"` // label of the set that was restored
	System uint64    `json:"system"` // identifier of the cluster
	Begin  int64     `json:"begin"`  // position that recovery begins at, bytes
	Ended  time.Time `json:"ended"`
}
