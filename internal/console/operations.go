package console

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/api"
)

// operationsSheet is a page of operations.
type operationsSheet struct {
	Filter OperationFilter
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

// operationStates are all states, in the order of an operation's life.
func operationStates() []string {
	return []string{"requested", "waiting-approval", "running", "succeeded", "failed", "refused", "rolled-back"}
}

func loadOperations(ctx context.Context, src Source, a ask) (sheet, error) {
	if err := onlyFilters(a.Query, "state", "kind", "subject", "before"); err != nil {
		return sheet{}, err
	}
	f := OperationFilter{
		State: a.Query.Get("state"), Kind: strings.TrimSpace(a.Query.Get("kind")),
		Subject: strings.TrimSpace(a.Query.Get("subject")), Before: a.Query.Get("before"), Limit: PageSize,
	}
	if f.State != "" && !slices.Contains(operationStates(), f.State) {
		return sheet{}, badRequest(fmt.Sprintf("%q is no state of an operation", f.State), "Use one of "+strings.Join(operationStates(), ", ")+".")
	}
	page, err := src.Operations(ctx, f)
	if err != nil {
		return sheet{}, fmt.Errorf("list operations: %w", err)
	}
	s := operationsSheet{Filter: f, Items: page.Items, States: stateChoices(a.Query, f.State)}
	if page.Next != "" {
		s.Older = "/operations?" + with(a.Query, "before", page.Next).Encode()
	}
	return sheet{Title: "Operations", Data: s}, nil
}

// stateChoices are the filters by state, keeping what else is filtered.
func stateChoices(q url.Values, current string) []choice {
	list := []choice{{Word: "all", Current: current == ""}}
	for _, state := range operationStates() {
		list = append(list, choice{Word: stateMark(state).Word, Current: state == current})
	}
	for i := range list {
		state := ""
		if i > 0 {
			state = operationStates()[i-1]
		}
		list[i].Address = "/operations?" + with(with(q, "before", ""), "state", state).Encode()
	}
	return list
}

// with is a query with one value set, or removed when empty.
func with(q url.Values, name, value string) url.Values {
	out := url.Values{}
	maps.Copy(out, q)
	out.Del(name)
	if value != "" {
		out.Set(name, value)
	}
	return out
}

// onlyFilters refuses a filter nobody knows: a misspelt one would show everything
// and look like an answer.
func onlyFilters(q url.Values, known ...string) error {
	for name := range q {
		if !slices.Contains(known, name) {
			return badRequest(fmt.Sprintf("there is no filter named %q here", name), "Use "+strings.Join(known, ", ")+".")
		}
	}
	return nil
}

// operationSheet is one operation.
type operationSheet struct {
	Operation api.Operation
	Approve   string // equal commands of the two decisions
	Deny      string
}

func loadOperation(ctx context.Context, src Source, a ask) (sheet, error) {
	o, err := src.Operation(ctx, a.Key)
	if err != nil {
		return sheet{}, fmt.Errorf("read operation %s: %w", a.Key, err)
	}
	return sheet{Title: o.Kind + " of " + o.Subject, Data: operationSheet{
		Operation: o, Approve: decideCommand("approve", o.ID, "REASON"), Deny: decideCommand("deny", o.ID, "REASON"),
	}}, nil
}
