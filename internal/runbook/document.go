package runbook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/greenlang/fournines/internal/spec"
)

// Kind heads every runbook.
const Kind = "Runbook"

// Runbook is the whole document.
type Runbook struct {
	APIVersion string        `json:"apiVersion" yaml:"apiVersion" jsonschema:"enum=fournines.dev/v1" jsonschema_description:"version of the runbook's form"`
	Kind       string        `json:"kind" yaml:"kind" jsonschema:"enum=Runbook"`
	Metadata   spec.Metadata `json:"metadata" yaml:"metadata"`
	Spec       Spec          `json:"spec" yaml:"spec"`
}

// Spec is what a runbook says.
type Spec struct {
	Title      string  `json:"title" yaml:"title" jsonschema_description:"what it brings about, in a few words"`
	Use        string  `json:"use" yaml:"use" jsonschema_description:"when to use it, and when not"`
	Escalation string  `json:"escalation" yaml:"escalation" jsonschema_description:"escalation policy of the contacts: the people to call, and when"`
	Inputs     []Input `json:"inputs,omitempty" yaml:"inputs,omitempty" jsonschema_description:"what a person gives when a run begins"`
	Steps      []Step  `json:"steps" yaml:"steps" jsonschema_description:"what is done, in this order unless a step says otherwise"`
}

// Input is a value that a person gives when a run begins. Without a default it is required.
type Input struct {
	Name        string   `json:"name" yaml:"name" jsonschema_description:"small letters, digits and _; expressions know it as inputs.NAME"`
	Type        string   `json:"type" yaml:"type" jsonschema:"enum=text,enum=number,enum=boolean,enum=duration,enum=region,enum=cluster"`
	Description string   `json:"description" yaml:"description" jsonschema_description:"what to give, in a sentence"`
	Default     Value    `json:"default,omitempty" yaml:"default,omitempty" jsonschema_description:"taken when nothing is given; without it, the input is required"`
	Optional    bool     `json:"optional,omitempty" yaml:"optional,omitempty" jsonschema_description:"nothing may be given, and there is no default"`
	Choices     []string `json:"choices,omitempty" yaml:"choices,omitempty" jsonschema_description:"the only values that are taken; any, when absent"`
}

// Required tells whether a run cannot begin without it.
func (i Input) Required() bool { return i.Default == "" && !i.Optional }

// Digest names the version of a runbook: what it says, whatever its file's comments are.
func (r *Runbook) Digest() (string, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("digest of runbook %s: %w", r.Metadata.Name, err)
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Step returns the step of that name.
func (r *Runbook) Step(name string) (Step, bool) {
	i := r.index(name)
	if i < 0 {
		return Step{}, false
	}
	return r.Spec.Steps[i], true
}

func (r *Runbook) index(name string) int {
	return slices.IndexFunc(r.Spec.Steps, func(s Step) bool { return s.Name == name })
}

// after returns the step that follows s by itself; empty: none, the run is over.
func (r *Runbook) after(s Step) string {
	if s.IsEnd {
		return ""
	}
	if s.Next != "" {
		return s.Next
	}
	if i := r.index(s.Name); i >= 0 && i+1 < len(r.Spec.Steps) {
		return r.Spec.Steps[i+1].Name
	}
	return ""
}

func (r *Runbook) stepNames() []string {
	out := make([]string, 0, len(r.Spec.Steps))
	for _, s := range r.Spec.Steps {
		out = append(out, s.Name)
	}
	return out
}

func (r *Runbook) inputNames() []string {
	out := make([]string, 0, len(r.Spec.Inputs))
	for _, i := range r.Spec.Inputs {
		out = append(out, i.Name)
	}
	return out
}
