package door

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/journal"
	journalquery "github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/query/worker"
	journaltable "github.com/greenlang/fournines/internal/journal/table"
)

func (v verbs) query() *cobra.Command {
	var q Question
	var from, key string
	c := &cobra.Command{
		Use: "query SQL", Short: "Ask the journal one SELECT over entries", Args: cobra.ExactArgs(1),
		Long: "Ask the journal one SELECT over the relation entries: index, time, nanos, kind, subject,\n" +
			"operation, actor, reason, trace, approval, data (JSON) and hash.\n\n" +
			"With --prove each row brings the proof of its entry; it is verified here, the row's cells are\n" +
			"compared with the proved entry, and exit 5 says that they differ. Select index for it.\n" +
			"The server's word about its own key proves nothing: give the key that you trust with --key.\n\n" +
			"--from asks the copy of a journal's directory, without a server.\n\n" +
			"The program fournines-query beside this one, or beside the server's, answers. Without it\n" +
			"fournines journal list filters entries.",
		Example: "  fournines journal query \"select kind, count(*) from entries group by 1\"\n" +
			"  fournines journal query --prove \"select index, time, actor from entries where kind = 'fault.injected'\"\n" +
			"  fournines journal query --from /mnt/copy/journal \"select count(*) from entries\"",
		RunE: func(c *cobra.Command, args []string) error {
			q.SQL, key = args[0], strings.TrimSpace(key)
			a, err := v.answer(c.Context(), q, from, key)
			if err != nil {
				return asked(err, from)
			}
			return v.answered(a, q.Prove, key)
		},
	}
	f := c.Flags()
	f.IntVar(&q.Limit, "limit", journalquery.DefaultLimit, fmt.Sprintf("rows of the answer, %d at most", journalquery.MaxLimit))
	f.BoolVar(&q.Prove, "prove", false, "prove each row, and verify the proofs here")
	f.StringVar(&from, "from", "", "directory of a journal, also a copy; asks no server")
	f.StringVar(&key, "key", "", "verifier key that must have signed, as in the file key.pub")
	return c
}

// asked gives an error of a question its exit code.
func asked(err error, from string) error {
	var refused *journalquery.RefusedError
	switch {
	case errors.As(err, &refused):
		return verb.Exit(verb.Misused, err)
	case errors.As(err, new(*journal.DamageError)), errors.Is(err, journaltable.ErrDamaged), errors.Is(err, journaltable.ErrForeign):
		return verb.Exitf(verb.Tampered, "%w; fournines journal verify --from %s says where", err, from)
	case from != "" && errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no journal in %s: %w", from, err)
	}
	return err
}

// answer asks the server, or the directory.
func (v verbs) answer(ctx context.Context, q Question, from, key string) (QueryAnswer, error) {
	if from != "" {
		return v.answerFrom(ctx, q, from, key)
	}
	server, err := v.Client()
	if err != nil {
		return QueryAnswer{}, err
	}
	var a QueryAnswer
	err = server.Call(ctx, http.MethodPost, "/v1/journal/query", "", q, &a)
	var p *client.Problem
	if errors.As(err, &p) && p.Status == http.StatusUnprocessableEntity {
		err = journalquery.Refuse("%s", p.Error())
	}
	return a, err
}

// answerFrom makes tables of a directory's journal in a temporary one, and asks them.
func (v verbs) answerFrom(ctx context.Context, q Question, from, key string) (a QueryAnswer, err error) {
	program, err := worker.Beside()
	if err != nil {
		return a, err
	}
	log, err := journal.OpenPublished(from, key)
	if err != nil {
		return a, err
	}
	dir, err := os.MkdirTemp("", "fournines-query-")
	if err != nil {
		return a, fmt.Errorf("make a place for the tables: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store := journaltable.NewStore(dir, log, slog.New(slog.DiscardHandler))
	if err := store.Fill(ctx); err != nil {
		return a, err
	}
	snap, err := store.Snapshot(ctx)
	if err != nil {
		return a, err
	}
	engine := worker.New(worker.Options{Program: program, Dir: dir})
	a, err = engine.Answer(ctx, journalquery.Question{SQL: q.SQL, Limit: q.Limit}, snap)
	if err == nil && q.Prove {
		err = a.Prove(log)
	}
	snap.Release()
	return a, errors.Join(err, engine.Close(), store.Close())
}

// answered verifies and prints an answer.
func (v verbs) answered(a QueryAnswer, prove bool, key string) error {
	if prove {
		unproved, err := a.Verified(key)
		if err != nil {
			return verb.Exitf(verb.Tampered, "the answer contradicts the journal's proofs: %w", err)
		}
		v.Note("proved: %s are entries of the journal, cell by cell%s", rowsOf(len(a.Rows)), trustedKey(key))
		if len(unproved) > 0 {
			v.Note("not proved: %s, which are not columns of an entry", strings.Join(unproved, ", "))
		}
	}
	t, names := verb.Table{}, []string{}
	for _, c := range a.Columns {
		t.Head = append(t.Head, strings.ToUpper(c.Name))
	}
	for _, row := range a.Rows {
		line := make([]string, len(row))
		for i, cell := range row {
			line[i] = v.cell(cell)
		}
		t.Rows = append(t.Rows, line)
		if len(line) > 0 {
			names = append(names, line[0])
		}
	}
	if err := v.Print(a, t, names); err != nil {
		return err
	}
	if a.Cut {
		v.Note("there are more than these %s; give a higher --limit, or narrow the question", rowsOf(len(a.Rows)))
	}
	v.Note("%s of %d entries, in %.3f s", rowsOf(len(a.Rows)), a.Head, a.Seconds)
	return nil
}

func rowsOf(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

func trustedKey(key string) string {
	if key == "" {
		return "; the key is the one that the log shows, give --key to compare it with yours"
	}
	return ", signed by the key that you trust"
}

// longest is how much of a cell -o table shows; -o wide shows all.
const longest = 80

// cell writes a cell on one line.
func (v verbs) cell(value any) string {
	var s string
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		s = value
	case json.Number:
		s = value.String()
	default:
		s = fmt.Sprint(value)
	}
	runes := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '·'
		}
		return r
	}, s))
	if v.Output == "table" && len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return string(runes)
}
