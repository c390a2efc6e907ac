package fact

import "time"

// Job is one run of a program on a host. For its key it happens at most once.
type Job struct {
	Key    string    `json:"key"`
	State  JobState  `json:"state"`
	Begun  time.Time `json:"begun,omitzero"`
	Ended  time.Time `json:"ended,omitzero"`
	Exit   int       `json:"exit"`             // of a job that has ended; -1: by a signal, or it did not start
	Error  string    `json:"error,omitempty"`  // why it did not end by itself
	Output string    `json:"output,omitempty"` // the last 16 KiB of what it said
	Said   string    `json:"said,omitempty"`   // while it runs: one of the newest lines that it said
}

// JobState says how far a job has come.
type JobState string

// The states of a job. Of an interrupted one nobody knows what it has done: it began, and
// whoever ran it was killed. It is never run again; another key is another job.
const (
	JobWaiting     JobState = "waiting"
	JobRunning     JobState = "running"
	JobEnded       JobState = "ended"
	JobInterrupted JobState = "interrupted"
)
