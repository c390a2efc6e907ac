package fact

import "time"

// Disk is the file system that something keeps its data on.
type Disk struct {
	ID        string    `json:"id" doc:"of the file system on its machine: the same for all that share it"`
	Size      int64     `json:"size" doc:"bytes"`
	Free      int64     `json:"free" doc:"bytes that may still be written"`
	Files     int64     `json:"files,omitempty" doc:"how many files it has room for; absent: it has no such bound"`
	FilesFree int64     `json:"files_free,omitempty"`
	At        time.Time `json:"at" doc:"when it was looked at"`
}
