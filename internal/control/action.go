package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Action is a request to change the world.
type Action struct {
	Key      string          `json:"key"` // idempotency key
	Kind     string          `json:"kind"`
	Subject  string          `json:"subject"` // what it works on; one operation at a time each
	Actor    string          `json:"actor"`
	Reason   string          `json:"reason"`
	Args     json.RawMessage `json:"args,omitempty"`
	Approval bool            `json:"approval,omitempty"` // a person must say yes before the first effect
	Trace    string          `json:"trace,omitempty"`    // W3C trace id of who asks; without one it follows from the key
}

// trace returns the trace id that every entry of the operation carries.
func (a Action) trace() string {
	if a.Trace != "" {
		return a.Trace
	}
	sum := sha256.Sum256([]byte(a.Key))
	return hex.EncodeToString(sum[:16])
}

// NewAction returns an action whose arguments are v.
func NewAction(key, kind, subject string, v any) (Action, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return Action{}, fmt.Errorf("arguments of %s: %w", kind, err)
	}
	return Action{Key: key, Kind: kind, Subject: subject, Args: b}, nil
}

// Kind is a kind of action that control can carry out.
type Kind struct {
	Name   string
	Guard  func(ctx context.Context, a Action) error // refuses with a reason; nil: none
	Steps  []Step
	MaxAge time.Duration // an operation that was let begin longer ago than this is undone after a crash instead of resumed; 0: always resumed
	// Still is asked, beside Guard, of an operation that waits for a person: nil while its reason
	// stands. One that wraps [ErrGone] ends the operation, because the reason does not come
	// back; any other refuses an approval, and the operation goes on waiting. Nil: it always stands.
	Still func(ctx context.Context, a Action) error
	// Settles names other kinds: after a success of this one, a failure of theirs on the same
	// subject leaves nothing for a person to see to.
	Settles []string
}

// Step is one effect with its verification.
type Step struct {
	Name    string
	Timeout time.Duration
	// Do brings the effect about and verifies it from outside. It may be called again after
	// a crash at any moment of an earlier call, and must then be harmless. The journal
	// keeps its result, and later steps receive it.
	Do func(ctx context.Context, r *Run) (any, error)
	// Undo takes the effect back, also when Do was interrupted; nil: nothing to take back.
	Undo func(ctx context.Context, r *Run) error
	// Final says that nothing is undone any more once the step has begun: after a later
	// failure a person asks for the remaining steps again.
	Final bool
}

// Run is one operation under way, as its steps see it.
type Run struct {
	Action
	results map[string]json.RawMessage
}

// Resumed returns an operation under way after the steps that returned these results, for tests of
// a single step.
func Resumed(a Action, results map[string]any) (*Run, error) {
	r := &Run{Action: a, results: map[string]json.RawMessage{}}
	for step, v := range results {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("result of step %s: %w", step, err)
		}
		r.results[step] = b
	}
	return r, nil
}

// Decode reads the action's arguments into v.
func (r *Run) Decode(v any) error {
	if err := json.Unmarshal(r.Args, v); err != nil {
		return fmt.Errorf("arguments of %s: %w", r.Kind, err)
	}
	return nil
}

// Result reads what an earlier step returned into v and tells whether it has ended.
func (r *Run) Result(step string, v any) (bool, error) {
	b, ok := r.results[step]
	if !ok {
		return false, nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return false, fmt.Errorf("result of step %s: %w", step, err)
	}
	return true, nil
}

// Errors a caller may branch on.
var (
	ErrUnknown = errors.New("unknown operation")
	ErrBusy    = errors.New("another operation works on the same subject")
	ErrState   = errors.New("the operation is not in a state for that")
	// ErrRefused says that an operation that waits is not approved, because things have changed.
	ErrRefused = errors.New("refused")
	// ErrGone is for [Kind].Still.
	ErrGone = errors.New("its reason is gone")
)
