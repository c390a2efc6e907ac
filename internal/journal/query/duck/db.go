//go:build duckdb

package duck

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // the driver

	"github.com/greenlang/fournines/internal/journal/table"
)

// DB is DuckDB in this process, locked in: it reads the tables in one directory and
// nothing else, loads no extension, writes nothing, and none of that can be set otherwise.
type DB struct {
	db    *sql.DB
	conn  *sql.Conn
	files string // that the view is over
}

// threads is the most that one question takes of the machine.
const threads = 2

// Open opens it for the tables in dir, with so many MiB of memory.
func Open(ctx context.Context, dir string, memory int) (*DB, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("open DuckDB: %w", err)
	}
	for _, set := range []string{
		fmt.Sprintf("threads = %d", threads),
		fmt.Sprintf("memory_limit = '%dMiB'", memory),
		"temp_directory = ''", // nothing is spilled
		"TimeZone = 'UTC'",
		"parquet_metadata_cache = true", // a table never changes
		"autoinstall_known_extensions = false",
		"autoload_known_extensions = false",
		"allow_community_extensions = false",
		"allowed_directories = [" + literal(dir) + "]",
		"enable_external_access = false",
		"lock_configuration = true",
	} {
		if _, err := conn.ExecContext(ctx, "SET "+set); err != nil {
			return nil, fmt.Errorf("open DuckDB: set %s: %w", set, err)
		}
	}
	return &DB{db: db, conn: conn}, nil
}

// view makes entries the rows of these files.
func (d *DB) view(ctx context.Context, files []string) error {
	from := "read_parquet([" + strings.Join(literals(files), ", ") + "])"
	if from == d.files {
		return nil
	}
	columns := make([]string, 0, len(table.Columns()))
	for _, c := range table.Columns() {
		switch {
		case len(files) == 0 && c == table.Time:
			columns = append(columns, `NULL::TIMESTAMPTZ AS "time"`)
		case len(files) == 0 && c.Number():
			columns = append(columns, fmt.Sprintf("NULL::BIGINT AS %q", c))
		case len(files) == 0:
			columns = append(columns, fmt.Sprintf("NULL::VARCHAR AS %q", c))
		case c == table.Hash:
			columns = append(columns, `lower(hex("hash")) AS "hash"`)
		default:
			columns = append(columns, fmt.Sprintf("%q", c))
		}
	}
	source := " FROM " + from
	if len(files) == 0 {
		source = " WHERE false"
	}
	if _, err := d.conn.ExecContext(ctx, "CREATE OR REPLACE TEMP VIEW entries AS SELECT "+strings.Join(columns, ", ")+source); err != nil {
		return err
	}
	d.files = from
	return nil
}

func literals(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = literal(s)
	}
	return out
}

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
