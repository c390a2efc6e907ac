package console_test

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/greenlang/fournines/internal/api"
)

// Query answers two rows, and refuses what is no SELECT.
func (f *fixture) Query(_ context.Context, q api.Question) (api.QueryAnswer, error) {
	if !strings.HasPrefix(q.SQL, "select ") {
		return api.QueryAnswer{}, &api.QueryRefused{Reason: "this is no SELECT; ask one SELECT over entries"}
	}
	return api.QueryAnswer{
		Head: 260, Seconds: 0.004, Cut: true,
		Columns: []api.QueryColumn{{Name: "index", Type: "integer"}, {Name: "kind", Type: "text"}, {Name: "reason", Type: "text"}},
		Rows:    [][]any{{json.Number("7"), "fault.injected", "it's <b>a</b> test"}, {json.Number("8"), "fault.ended", nil}},
	}, nil
}
