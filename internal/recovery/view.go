package recovery

import (
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// View is what is known of a region's cluster and of its backups.
type View struct {
	Region  string
	Lacks   string    // why it can have no backups at all; empty: it can
	Leader  string    // component id of the member that takes writes; empty: nobody knows of one
	Follows string    // region whose cluster this one follows; then that one is backed up
	Since   time.Time // since when this server has seen that it leads
	Seen    Seen
	Error   string    // why the repository could not be read last; empty: it was
	Failing time.Time // since when
	Gap     time.Time // since when the log has a gap behind the newest backup; zero: it has none
	Busy    bool      // a backup of it is under way
}

// Seen is what the server itself has read in a region's repository.
type Seen struct {
	At         time.Time // zero: it was never read
	Repository fact.BackupRepository
	Log        fact.WALChain // from the newest backup to the end
}

// How old knowledge may be, and backups. The schedule makes an incremental each hour and a
// full each day; PostgreSQL ends a segment of its log each minute.
const (
	seenFor      = 3 * time.Minute
	gapFor       = 2 * time.Minute // a member that returns may still bring what is missing
	archiveLate  = 3 * time.Minute
	backupLate   = 2*time.Hour + 15*time.Minute
	fullLate     = 26 * time.Hour
	graceOfStart = 3 * time.Minute // of a cluster that begins to lead
)

// Known tells whether the repository was read lately.
func (v View) Known(now time.Time) bool { return !v.Seen.At.IsZero() && now.Sub(v.Seen.At) <= seenFor }

// Newest returns the newest backup of the cluster that is there now, and the newest full one.
func (s Seen) Newest() (newest, full fact.Backup) {
	for _, b := range usable(s.Repository) {
		newest = b
		if b.Kind == KindFull {
			full = b
		}
	}
	return newest, full
}
