package consoletest

import (
	"context"
	"encoding/json"
	"strings"

	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
)

// Query answers two rows, and refuses what is no SELECT.
func (f *Fixture) Query(_ context.Context, q compliancedoor.Question) (compliancedoor.QueryAnswer, error) {
	if !strings.HasPrefix(q.SQL, "select ") {
		return compliancedoor.QueryAnswer{}, &compliancedoor.QueryRefused{Reason: "this is no SELECT; ask one SELECT over entries"}
	}
	return compliancedoor.QueryAnswer{
		Head: 260, Seconds: 0.004, Cut: true,
		Columns: []compliancedoor.QueryColumn{{Name: "index", Type: "integer"}, {Name: "kind", Type: "text"}, {Name: "reason", Type: "text"}},
		Rows:    [][]any{{json.Number("7"), "fault.injected", "it's <b>a</b> test"}, {json.Number("8"), "fault.ended", nil}},
	}, nil
}
