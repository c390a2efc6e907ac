package door

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/greenlang/fournines/internal/console"
)

// querySheet is a question and its answer.
type querySheet struct {
	SQL      string
	Wrong    string       // what is wrong with the question
	Answer   *QueryAnswer // nil until somebody asks
	Rows     [][]queryCell
	Command  string // the equal one
	Examples []queryExample
}

// queryCell is one value; an index leads to its entry.
type queryCell struct {
	Text   string
	Null   bool
	Number bool
	Entry  string // address, or empty
}

type queryExample struct{ Word, Address string }

// queryRows is how many rows the page shows; the command line shows more.
const queryRows = 200

func (p pages) query(ctx context.Context, a console.Ask) (console.Sheet, error) {
	if err := console.OnlyFilters(a.Query, "sql"); err != nil {
		return console.Sheet{}, err
	}
	s := querySheet{SQL: strings.TrimSpace(a.Query.Get("sql")), Examples: queryExamples()}
	if s.SQL == "" {
		return console.Sheet{Title: "Query the journal", Data: s}, nil
	}
	s.Command = "fournines journal query " + console.Quote(s.SQL)
	answer, err := p.source.Queries.Query(ctx, Question{SQL: s.SQL, Limit: queryRows})
	var refused *QueryRefused
	switch {
	case errors.As(err, &refused):
		s.Wrong = refused.Error()
	case err != nil:
		return console.Sheet{}, fmt.Errorf("query the journal: %w", err)
	default:
		s.Answer = &answer
		for _, row := range answer.Rows {
			s.Rows = append(s.Rows, queryLine(answer.Columns, row))
		}
	}
	return console.Sheet{Title: "Query the journal", Data: s}, nil
}

func queryLine(columns []QueryColumn, row []any) []queryCell {
	out := make([]queryCell, len(row))
	for i, v := range row {
		c := queryCell{Null: v == nil, Text: fmt.Sprint(v)}
		_, c.Number = v.(json.Number)
		if c.Number && columns[i].Name == "index" {
			c.Entry = "/journal/" + url.PathEscape(c.Text)
		}
		out[i] = c
	}
	return out
}

// queryExamples are questions to begin with.
func queryExamples() []queryExample {
	var out []queryExample
	for _, e := range [][2]string{
		{"Entries by kind", "select kind, count(*) as entries from entries group by kind order by entries desc"},
		{"Who did what", "select actor, kind, count(*) as entries, max(time) as last from entries where actor is not null group by actor, kind order by entries desc"},
		{"The newest", "select index, time, kind, subject, actor, reason from entries order by index desc limit 20"},
		{"Faults", "select index, time, kind, subject, operation, reason from entries where kind like 'fault.%' order by index desc"},
		{"By a field of the data", "select index, time, kind, data->>'$.version' as version from entries where kind = 'server.started' order by index desc"},
	} {
		out = append(out, queryExample{e[0], "/journal/query?" + url.Values{"sql": {e[1]}}.Encode()})
	}
	return out
}
