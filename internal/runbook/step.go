package runbook

import (
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/spec"
)

// Step is one step of a runbook. It asks for an action, for approvals, or for a person's own
// hands; one with branches alone only decides where to go on.
type Step struct {
	Name      string           `json:"name" yaml:"name" jsonschema_description:"small letters, digits and _; expressions know it as steps.NAME"`
	Title     string           `json:"title" yaml:"title" jsonschema_description:"what it does, in a sentence"`
	Action    string           `json:"action,omitempty" yaml:"action,omitempty" jsonschema_description:"what the platform does, or what is looked at"`
	With      map[string]Value `json:"with,omitempty" yaml:"with,omitempty" jsonschema_description:"the action's arguments; ${EXPRESSION} is replaced by its value"`
	Approve   Approve          `json:"approve,omitzero" yaml:"approve,omitempty" jsonschema_description:"people must say yes before the run goes on"`
	Manual    Manual           `json:"manual,omitzero" yaml:"manual,omitempty" jsonschema_description:"what a person does, and confirms"`
	Branches  []Branch         `json:"branches,omitempty" yaml:"branches,omitempty" jsonschema_description:"where to go on after it; the first that holds"`
	Timeout   spec.Duration    `json:"timeout,omitempty" yaml:"timeout,omitempty" jsonschema_description:"time after which the step has failed; by default 30m for an action, 1m for a look, 1d for a person"`
	Retries   Retries          `json:"retries,omitzero" yaml:"retries,omitempty"`
	OnFailure string           `json:"onFailure,omitempty" yaml:"onFailure,omitempty" jsonschema_description:"pause (the default: a person resumes from this step), abort, continue, or step:NAME"`
	Next      string           `json:"next,omitempty" yaml:"next,omitempty" jsonschema_description:"step that follows; the next in the list by default"`
	IsEnd     bool             `json:"isEnd,omitempty" yaml:"isEnd,omitempty" jsonschema_description:"the run is over after it"`
}

// Approve asks people. Nobody approves a run that they began or resumed themselves, and nobody
// counts twice.
type Approve struct {
	Need    int           `json:"need" yaml:"need" jsonschema:"minimum=1,maximum=10" jsonschema_description:"how many must say yes"`
	Of      []string      `json:"of" yaml:"of" jsonschema_description:"people or roles of the contacts who may"`
	Expires spec.Duration `json:"expires" yaml:"expires" jsonschema_description:"time after which it is too late"`
}

// Manual is something that no program does here.
type Manual struct {
	Instructions string `json:"instructions" yaml:"instructions" jsonschema_description:"what to do, and how to see that it is done"`
}

// Branch is one way on.
type Branch struct {
	When string `json:"when" yaml:"when" jsonschema_description:"CEL expression over inputs, steps and practice"`
	Next string `json:"next" yaml:"next" jsonschema_description:"step to go to where it holds"`
}

// Retries are how often a step is tried before it has failed.
type Retries struct {
	Attempts int           `json:"attempts" yaml:"attempts" jsonschema:"minimum=2,maximum=100" jsonschema_description:"tries in all"`
	Every    spec.Duration `json:"every" yaml:"every" jsonschema_description:"time from a failure to the next try"`
}

// What follows a failure; see Step.OnFailure. A way of its own is onStep with a name.
const (
	onPause    = "pause"
	onAbort    = "abort"
	onContinue = "continue"
	onStep     = "step:"
)

func (s Step) approves() bool { return s.Approve.Need > 0 }
func (s Step) byHand() bool   { return s.Manual.Instructions != "" }

// onFailure returns what follows a failure, and the step where it is one.
func (s Step) onFailure() (does, step string) {
	if name, ok := strings.CutPrefix(s.OnFailure, onStep); ok {
		return onStep, name
	}
	if s.OnFailure == "" {
		return onPause, ""
	}
	return s.OnFailure, ""
}

// The times that a step may take where it says nothing.
const (
	operationWithin = 30 * time.Minute
	lookWithin      = time.Minute
	personWithin    = 24 * time.Hour
)

// within returns how long the step may take.
func (s Step) within(looks bool) time.Duration {
	switch {
	case s.approves():
		return s.Approve.Expires.D()
	case s.Timeout > 0:
		return s.Timeout.D()
	case s.byHand():
		return personWithin
	case looks:
		return lookWithin
	}
	return operationWithin
}

func (s Step) tries() int { return max(1, s.Retries.Attempts) }
