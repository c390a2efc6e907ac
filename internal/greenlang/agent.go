package greenlang

import (
	"fmt"
	"regexp"
	"time"
)

// Lifecycle is how far an agent's version has come.
type Lifecycle string

// The stations of a lifecycle, in their only order.
const (
	Draft        Lifecycle = "draft"        // written, not runnable
	Experimental Lifecycle = "experimental" // runnable, no promise
	Certified    Lifecycle = "certified"    // runnable, supported
	Deprecated   Lifecycle = "deprecated"   // no new runs, the end
)

// Lifecycles returns the stations in order.
func Lifecycles() []Lifecycle { return []Lifecycle{Draft, Experimental, Certified, Deprecated} }

// Next returns the only station that may follow l; false at the end, or when l
// is no station.
func (l Lifecycle) Next() (Lifecycle, bool) {
	all := Lifecycles()
	for i, x := range all[:len(all)-1] {
		if x == l {
			return all[i+1], true
		}
	}
	return "", false
}

// Runnable reports whether customers may start new runs of an agent in this station.
func (l Lifecycle) Runnable() bool { return l == Experimental || l == Certified }

// Transition decides a request to move from one station to another. moved is
// false when it is there already: repeating a request is harmless, so a caller
// that lost the answer may ask again. An illegal move is an *IllegalTransition.
func Transition(from, to Lifecycle) (moved bool, err error) {
	if from == to {
		return false, nil
	}
	if next, ok := from.Next(); ok && next == to {
		return true, nil
	}
	return false, &IllegalTransition{From: from, To: to}
}

// IllegalTransition says which move was refused.
type IllegalTransition struct{ From, To Lifecycle }

// Error names the move that is legal instead.
func (e *IllegalTransition) Error() string {
	if next, ok := e.From.Next(); ok {
		return fmt.Sprintf("move agent from %s to %s: only %s may follow %s", e.From, e.To, next, e.From)
	}
	return fmt.Sprintf("move agent from %s to %s: %s is the end; publish a new version instead", e.From, e.To, e.From)
}

// NewAgent is what a caller says to register one version of an agent.
type NewAgent struct {
	Name    string `json:"name" pattern:"^[a-z][a-z0-9-]{1,62}$" example:"invoice-reader"`
	Version string `json:"version" maxLength:"128" doc:"semantic version 2.0.0" example:"1.4.0-rc.1"`
	Owner   string `json:"owner" pattern:"^[a-z][a-z0-9-]{1,62}$" doc:"the team that answers for it" example:"team-ledger"`
}

// Agent is one version of one of GreenLang's workloads.
type Agent struct {
	NewAgent
	Lifecycle Lifecycle `json:"lifecycle" enum:"draft,experimental,certified,deprecated"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at" doc:"time of the last transition"`
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,62}$`)

// ValidAgentName reports whether name may name an agent or its owner.
func ValidAgentName(name string) bool { return nameForm.MatchString(name) }

// Agent returns the draft that n describes, or an error that names the field
// that is wrong.
func (n NewAgent) Agent(created time.Time) (Agent, error) {
	if !ValidAgentName(n.Name) {
		return Agent{}, fmt.Errorf("check agent: name %q must match %s", n.Name, nameForm)
	}
	if !ValidAgentName(n.Owner) {
		return Agent{}, fmt.Errorf("check agent: owner %q must match %s", n.Owner, nameForm)
	}
	if _, err := ParseVersion(n.Version); err != nil {
		return Agent{}, fmt.Errorf("check agent: %w", err)
	}
	return Agent{NewAgent: n, Lifecycle: Draft, CreatedAt: created, UpdatedAt: created}, nil
}
