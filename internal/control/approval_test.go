package control_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/control"
)

// What was true when an operation was asked for need not be true when a person approves it.
func TestAnApprovalAsksTheGuardAgain(t *testing.T) {
	t.Parallel()
	acted := 0
	var guard, still error
	c, _ := start(t, control.Kind{
		Name: "k", Guard: func(context.Context, control.Action) error { return guard }, Still: func(context.Context, control.Action) error { return still },
		Steps: []control.Step{step("s", func() (any, error) { acted++; return nil, nil })},
	})
	if o, err := c.Submit(t.Context(), control.Action{Key: "1", Kind: "k", Subject: "x", Approval: true}); err != nil || o.State != control.Waiting {
		t.Fatalf("%+v %v", o, err)
	}
	for _, now := range []*error{&guard, &still} {
		*now = errors.New("it serves again")
		o, err := c.Approve(t.Context(), "1", "ann", "go")
		if !errors.Is(err, control.ErrRefused) || !strings.Contains(err.Error(), "it serves again") || !strings.Contains(err.Error(), "deny it") || o.State != control.Waiting || acted != 0 {
			t.Fatalf("%+v %v, acted %d times", o, err, acted)
		}
		*now = nil
	}
	if _, err := c.Approve(t.Context(), "1", "ann", "go"); err != nil {
		t.Fatal(err)
	}
	if o, err := c.Wait(t.Context(), "1"); err != nil || o.State != control.Succeeded || acted != 1 || o.Approved.IsZero() {
		t.Fatalf("%+v %v, acted %d times", o, err, acted)
	}
}

// An operation whose reason is gone keeps nobody else from its subject: it ends by itself, or
// at the latest when somebody approves it.
func TestAnOperationWhoseReasonIsGoneIsRetired(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*control.Control) error{
		"by itself": func(c *control.Control) error { return c.Retire(t.Context()) },
		"by an approval": func(c *control.Control) error {
			if _, err := c.Approve(t.Context(), "1", "ann", "go"); !errors.Is(err, control.ErrRefused) {
				return fmt.Errorf("approved: %w", err)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var still error
			c, _ := start(t,
				control.Kind{Name: "k", Still: func(context.Context, control.Action) error { return still }, Steps: []control.Step{step("s", func() (any, error) { panic("acted") })}},
				control.Kind{Name: "free", Steps: []control.Step{step("s", func() (any, error) { return nil, nil })}})
			if _, err := c.Submit(t.Context(), control.Action{Key: "1", Kind: "k", Subject: "x", Approval: true}); err != nil {
				t.Fatal(err)
			}
			for _, still = range []error{nil, errors.New("nobody answers now")} {
				if err := c.Retire(t.Context()); err != nil {
					t.Fatal(err)
				}
				if o, err := c.Operation("1"); err != nil || o.State != control.Waiting {
					t.Fatalf("%+v %v", o, err)
				}
			}
			still = fmt.Errorf("%w: b leads now", control.ErrGone)
			if err := end(c); err != nil {
				t.Fatal(err)
			}
			if o, err := c.Operation("1"); err != nil || o.State != control.Refused || !strings.Contains(o.Error, "b leads now") {
				t.Fatalf("%+v %v", o, err)
			}
			if o := finish(t, c, control.Action{Key: "2", Kind: "free", Subject: "x"}); o.State != control.Succeeded {
				t.Fatalf("the subject is not free: %+v", o)
			}
		})
	}
}
