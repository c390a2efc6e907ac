package notify

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// State is whether an alert holds.
type State string

// The two states.
const (
	Firing   State = "firing"
	Resolved State = "resolved"
)

// Severity is how much it hurts; PagerDuty's four words.
type Severity string

// The severities, from the worst.
const (
	Critical Severity = "critical"
	Error    Severity = "error"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Alert is one thing that people are told.
type Alert struct {
	Key      string // the same for all alerts about one trouble
	State    State
	Severity Severity
	Title    string // one line
	Summary  string // what happened, what it means and what to do; may be empty
	Source   string // what is affected, such as eu-1/postgres
	At       time.Time
	Link     string            // http or https, to the page about it; may be empty
	Figures  map[string]string // measured, with their units
	Entries  []uint64          // indexes in the journal that prove it
}

// Notifier sends alerts somewhere. Send returns after the service has accepted the alert;
// its errors hold no secrets.
type Notifier interface {
	Name() string
	Send(ctx context.Context, a Alert) error
}

var errAlert = errors.New("alert cannot be sent")

// Validate says what an alert lacks. Length is no fault: drivers cut.
func (a Alert) Validate() error {
	switch {
	case a.Key == "":
		return fmt.Errorf("%w: it has no key", errAlert)
	case a.Title == "" || a.Source == "":
		return fmt.Errorf("%w: %s needs a title and a source", errAlert, a.Key)
	case a.State != Firing && a.State != Resolved:
		return fmt.Errorf("%w: %s is in state %q, which is neither %s nor %s", errAlert, a.Key, a.State, Firing, Resolved)
	case a.At.IsZero() || a.At.Year() < 1970 || a.At.Year() > 9999:
		return fmt.Errorf("%w: %s has no usable time", errAlert, a.Key)
	}
	switch a.Severity {
	case Critical, Error, Warning, Info:
	default:
		return fmt.Errorf("%w: %s has severity %q, want critical, error, warning or info", errAlert, a.Key, a.Severity)
	}
	if a.Link == "" {
		return nil
	}
	if u, err := url.Parse(a.Link); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("%w: the link of %s is no http or https address", errAlert, a.Key)
	}
	return nil
}
