package fact

import "time"

// Etcd is one region's etcd, which its PostgreSQL elects its leader in.
type Etcd struct {
	At      time.Time         `json:"at"`                // when it last told its members
	Error   string            `json:"error,omitempty"`   // why it does not tell them now
	Differs []string          `json:"differs,omitempty"` // where its members are not as declared, and its alarms, in words
	Drift   time.Time         `json:"drift,omitzero"`    // since when they differ; zero: they do not
	Joining map[string]string `json:"joining,omitempty"` // zone → why its member has no vote yet, in words
}

// Differed takes an answer.
func (e *Etcd) Differed(differs []string, joining map[string]string, now time.Time) {
	e.Joining = joining
	e.At, e.Error, e.Differs, e.Drift = now, "", differs, Since(e.Drift, len(differs) > 0, now)
}
