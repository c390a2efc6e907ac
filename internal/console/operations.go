package console

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/api"
)

// operationPages are the pages of what was and is being done.
type operationPages struct{ source api.Operations }

// OperationPages list operations, and approve or deny those that wait.
func OperationPages(s api.Operations) []Page {
	p := operationPages{s}
	id := func(f url.Values) string { return f.Get("id") }
	return []Page{
		{
			Name: "operations", Pattern: "/operations", Section: "operations", Load: p.list, Parts: []string{"operations-list"}, Templates: embedded, Rank: 20,
			Nav: &Nav{Word: "Operations", Key: "p", Running: func(s api.Status) int { return len(s.Operations) }},
			Palette: func(context.Context, api.Status) ([]Link, error) {
				return []Link{
					{GoTo, "Operations", "g p", "/operations"},
					{GoTo, "Operations that wait for approval", "", "/operations?state=waiting-approval"},
					{GoTo, "Operations that failed", "", "/operations?state=failed"},
				}, nil
			},
		},
		{
			Name: "operation", Pattern: "/operations/{key...}", Section: "operations", Load: p.one, Parts: []string{"operation-head", "operation-steps"}, Templates: embedded, Rank: 110,
			Forms: []Form{
				{Pattern: "/verbs/approve", Page: "operation", Key: id, Do: decide(s.Approve)},
				{Pattern: "/verbs/deny", Page: "operation", Key: id, Do: decide(s.Deny)},
			},
			Palette: func(_ context.Context, s api.Status) ([]Link, error) {
				var out []Link
				for _, o := range s.Operations {
					out = append(out, Link{Running, o.Kind + " of " + o.Subject, o.State, "/operations/" + Segments(o.ID)})
				}
				return out, nil
			},
		},
	}
}

// decide approves or denies.
func decide(as func(ctx context.Context, id, reason string) error) func(context.Context, url.Values) (Outcome, error) {
	return func(ctx context.Context, f url.Values) (Outcome, error) {
		id, reason := f.Get("id"), strings.TrimSpace(f.Get("reason"))
		if err := CheckReason(reason); err != nil {
			return Outcome{}, err
		}
		return Outcome{Address: "/operations/" + Segments(id)}, as(ctx, id, reason)
	}
}

// operationsSheet is a page of operations.
type operationsSheet struct {
	Filter api.OperationFilter
	States []choice
	Items  []api.Operation
	Older  string // address of the next page, or empty
}

// choice is one value of a filter, as a link.
type choice struct {
	Word    string
	Address string
	Current bool
}

func (p operationPages) list(ctx context.Context, a Ask) (Sheet, error) {
	if err := OnlyFilters(a.Query, "state", "kind", "subject", "before"); err != nil {
		return Sheet{}, err
	}
	f := api.OperationFilter{
		State: a.Query.Get("state"), Kind: strings.TrimSpace(a.Query.Get("kind")),
		Subject: strings.TrimSpace(a.Query.Get("subject")), Before: a.Query.Get("before"), Limit: PageSize,
	}
	if f.State != "" && !slices.Contains(api.OperationStates(), f.State) {
		return Sheet{}, BadRequest(fmt.Sprintf("%q is not a state of an operation", f.State), "Use one of "+strings.Join(api.OperationStates(), ", ")+".")
	}
	page, err := p.source.Operations(ctx, f)
	if err != nil {
		return Sheet{}, fmt.Errorf("list operations: %w", err)
	}
	s := operationsSheet{Filter: f, Items: page.Items, States: stateChoices(a.Query, f.State)}
	if page.Next != "" {
		s.Older = "/operations?" + With(a.Query, "before", page.Next).Encode()
	}
	return Sheet{Title: "Operations", Data: s}, nil
}

// stateChoices are the filters by state, keeping what else is filtered.
func stateChoices(q url.Values, current string) []choice {
	list := []choice{{Word: "all", Current: current == ""}}
	for _, state := range api.OperationStates() {
		list = append(list, choice{Word: stateMark(state).Word, Current: state == current})
	}
	for i := range list {
		state := ""
		if i > 0 {
			state = api.OperationStates()[i-1]
		}
		list[i].Address = "/operations?" + With(With(q, "before", ""), "state", state).Encode()
	}
	return list
}

// operationSheet is one operation.
type operationSheet struct {
	Operation api.Operation
	Approve   string // equal commands of the two decisions
	Deny      string
}

func (p operationPages) one(ctx context.Context, a Ask) (Sheet, error) {
	o, err := p.source.Operation(ctx, a.Key)
	if err != nil {
		return Sheet{}, fmt.Errorf("read operation %s: %w", a.Key, err)
	}
	return Sheet{Title: o.Kind + " of " + o.Subject, Data: operationSheet{
		Operation: o, Approve: decideCommand("approve", o.ID, "REASON"), Deny: decideCommand("deny", o.ID, "REASON"),
	}}, nil
}
