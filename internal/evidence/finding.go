package evidence

import (
	"slices"
	"time"
)

// Finding is something that needs a person.
type Finding struct {
	Code     string    `json:"code" doc:"stable, for example postgres-not-ready"`
	Severity string    `json:"severity" doc:"critical, warning or notice"`
	Title    string    `json:"title"`
	Text     string    `json:"text" doc:"what, where, why, and what to do"`
	Subject  string    `json:"subject,omitempty" doc:"component, cluster or operation id"`
	Command  string    `json:"command,omitempty" doc:"the command that shows more or mends it"`
	Since    time.Time `json:"since"`
	Entries  []uint64  `json:"entries,omitempty" doc:"journal indexes that prove it"`
	Cause    string    `json:"cause,omitempty" doc:"the region that explains it when nothing there answers"`
	Event    bool      `json:"event,omitempty" doc:"it happened, and is told until a person acknowledges it; any other ends with its cause"`
	Stands   bool      `json:"-"` // an outage never explains it: it stays true when the region is back
	Quiet    bool      `json:"quiet,omitempty" doc:"nobody is alerted of it: the platform is being started"`
}

// The severities, from what wakes a person to what can wait.
const (
	Critical = "critical"
	Warning  = "warning"
	Notice   = "notice"
)

// Rank orders severities, the higher the more severe; a word that is none of them ranks below
// all. The alert of a notice has the word that notifiers know, info.
func Rank(severity string) int {
	if severity == "info" {
		severity = Notice
	}
	return slices.Index([]string{Notice, Warning, Critical}, severity)
}

// Key names a finding: all about one trouble have the same.
func (f Finding) Key() string {
	if f.Subject == "" {
		return f.Code
	}
	return f.Code + "/" + f.Subject
}

// AlertOf turns a finding into the alert that it asks for.
func AlertOf(f Finding) Alert {
	a := Alert{Key: f.Key(), Severity: f.Severity, Title: f.Title, Summary: f.Text, Source: f.Subject, Command: f.Command, Since: f.Since, Entries: f.Entries}
	if f.Subject == "" {
		a.Source = "platform"
	}
	if f.Severity == Notice {
		a.Severity = "info"
	}
	return a
}
