//go:build duckdb

package duck

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/query/worker"
)

// Answer answers one question.
func (d *DB) Answer(ctx context.Context, a worker.Ask) worker.Reply {
	limit := time.Duration(a.Seconds * float64(time.Second))
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := d.view(ctx, a.Files)
	if err != nil && ctx.Err() == nil {
		return worker.Reply{Failed: err.Error()}
	}
	var r worker.Reply
	if err == nil {
		r, err = d.answer(ctx, a)
	}
	if err == nil {
		return r
	}
	var e *duckdb.Error
	switch {
	case ctx.Err() != nil:
		return worker.Reply{Refused: fmt.Sprintf("the question took longer than %s and was given up; narrow it by index, time, operation or actor", limit)}
	case errors.As(err, &e) && e.Type == duckdb.ErrorTypeOutOfMemory:
		return worker.Reply{Refused: "the question needs more memory than the worker may use; narrow it, or sort and group fewer rows: " + e.Msg}
	case errors.As(err, &e) && (e.Type == duckdb.ErrorTypeIO || e.Type == duckdb.ErrorTypeInternal || e.Type == duckdb.ErrorTypeFatal):
		return worker.Reply{Failed: e.Msg}
	}
	return worker.Reply{Refused: err.Error()}
}

func (d *DB) answer(ctx context.Context, a worker.Ask) (worker.Reply, error) {
	statement, err := d.one(ctx, a.SQL)
	if err != nil {
		return worker.Reply{}, err
	}
	columns, err := d.columns(ctx, statement)
	if err != nil {
		return worker.Reply{}, err
	}
	names, shown := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i] = fmt.Sprintf("c%d", i)
		shown[i] = names[i]
		if c.Type != query.Time {
			shown[i] = "CAST(" + names[i] + " AS VARCHAR)"
		}
	}
	bounded := fmt.Sprintf("SELECT %s FROM (%s) AS answer(%s) LIMIT %d", strings.Join(shown, ", "), statement, strings.Join(names, ", "), a.Limit+1)
	rows, err := d.conn.QueryContext(ctx, bounded)
	if err != nil {
		return worker.Reply{}, err
	}
	defer rows.Close() //nolint:errcheck // only read
	out, err := take(rows, columns, a.Limit)
	if err != nil {
		return worker.Reply{}, err
	}
	return worker.Reply{Columns: columns, Rows: out.Rows, Cut: out.Cut}, rows.Err()
}

// one returns the question as DuckDB's own parser understands it, if it is one SELECT.
func (d *DB) one(ctx context.Context, question string) (string, error) {
	var tree string
	if err := d.conn.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR)) AS VARCHAR)", question).Scan(&tree); err != nil {
		return "", err
	}
	var said struct {
		Error      bool              `json:"error"`
		Type       string            `json:"error_type"`
		Message    string            `json:"error_message"`
		Statements []json.RawMessage `json:"statements"`
	}
	if err := json.Unmarshal([]byte(tree), &said); err != nil {
		return "", err
	}
	if said.Type == "not implemented" { // its words are about JSON, of which nobody has heard
		return "", errors.New("this is not a SELECT; ask one SELECT over entries")
	}
	if said.Error {
		return "", errors.New(said.Message)
	}
	if len(said.Statements) != 1 {
		return "", fmt.Errorf("there are %d statements; ask one SELECT at a time", len(said.Statements))
	}
	var statement string
	err := d.conn.QueryRowContext(ctx, "SELECT json_deserialize_sql(CAST(? AS JSON))", tree).Scan(&statement)
	return statement, err
}

// columns returns names and types of a statement's columns without running it.
func (d *DB) columns(ctx context.Context, statement string) ([]query.Column, error) {
	rows, err := d.conn.QueryContext(ctx, "SELECT * FROM ("+statement+") LIMIT 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // only read
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	out := make([]query.Column, len(types))
	for i, t := range types {
		out[i] = query.Column{Name: t.Name(), Type: kind(t.DatabaseTypeName())}
	}
	return out, rows.Err()
}

func kind(name string) string {
	switch name {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT":
		return query.Integer
	case "FLOAT", "DOUBLE":
		return query.Number
	case "BOOLEAN":
		return query.Boolean
	case "TIMESTAMP", "TIMESTAMPTZ":
		return query.Time
	}
	if strings.HasPrefix(name, "DECIMAL") {
		return query.Number
	}
	return query.Text
}

// take reads the answer's rows, as many as it may have.
func take(rows *sql.Rows, columns []query.Column, limit int) (*query.Answer, error) {
	out, size := &query.Answer{}, 0
	values, at := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		at[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(at...); err != nil {
			return nil, err
		}
		row := make([]any, len(columns))
		for i, v := range values {
			row[i] = shown(v, columns[i].Type)
		}
		if size += sizeOf(row); len(out.Rows) == limit || (size > query.MaxBytes && len(out.Rows) > 0) {
			out.Cut = true
			break
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

// sizeOf returns about how many bytes a row takes in an answer.
func sizeOf(row []any) int {
	n := 2
	for _, c := range row {
		switch c := c.(type) {
		case string:
			n += len(c) + 3
		default:
			n += 8
		}
	}
	return n
}

// shown turns a value into an answer's cell.
func shown(v any, kind string) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(query.TimeFormat)
	case string:
		switch {
		case kind == query.Boolean:
			return v == "true"
		case (kind == query.Integer || kind == query.Number) && json.Valid([]byte(v)):
			return json.Number(v)
		}
		return v // also nan and inf, which JSON has no number for
	}
	return nil
}
