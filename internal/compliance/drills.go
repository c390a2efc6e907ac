package compliance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tamper"
)

// DrillPlatform is the platform as the wing's drills reach it.
type DrillPlatform interface {
	// JournalDir is the directory of the server's journal; this machine must have it.
	JournalDir() string
}

// The bounds of the drill journal-tamper.
const (
	leastChanges = 40 // tried on copies, of every kind on every kind of file
	calledOut    = 10 // seconds until a witness calls a rollback or a fork out
)

// Drills returns the wing's drills.
func Drills() []drill.Drill {
	return []drill.Drill{{
		Name: "journal-tamper", Rows: []string{"7.8.5"},
		Description: "changes copies of the journal in every way; rolls one back and forks one before a witness",
		BlastRadius: "none: the journal itself is only read",
		Verifies:    "the verifier names every change and raises no false alarm; a second server's witness calls the rollback and the fork out",
		Steps: []drill.Action{
			{Name: "copy", Timeout: 5 * time.Minute, Do: within(copyJournal)},
			{Name: "clean", Timeout: 30 * time.Minute, Do: within(verifyClean)},
			{Name: "change", Timeout: 3 * time.Hour, Do: within(tryChanges)},
			{Name: "roll back", Timeout: 5 * time.Minute, Do: within(rollBack)},
			{Name: "fork", Timeout: 5 * time.Minute, Do: within(fork)},
			{Name: "clean up", Timeout: 5 * time.Minute, Always: true, Do: within(func(_ context.Context, _ *drill.Run, b bench) (string, error) {
				return "copies removed", os.RemoveAll(string(b))
			})},
		},
	}}
}

// bench is the directory in which one drill keeps its copies.
type bench string

func (b bench) copied() string         { return filepath.Join(string(b), "copy") }
func (b bench) dir(name string) string { return filepath.Join(string(b), name) }

// within hands a step the drill's own directory, beside the journal: copies are links.
func within(do func(context.Context, *drill.Run, bench) (string, error)) func(context.Context, *drill.Run) (string, error) {
	return func(ctx context.Context, r *drill.Run) (string, error) {
		p, ok := r.Platform.(DrillPlatform)
		if !ok {
			return "", errors.New("this drill needs the compliance wing's platform")
		}
		return do(ctx, r, bench(filepath.Join(filepath.Dir(p.JournalDir()), r.Report.ID)))
	}
}

func copyJournal(_ context.Context, r *drill.Run, b bench) (string, error) {
	p, _ := r.Platform.(DrillPlatform)
	if err := os.MkdirAll(string(b), 0o700); err != nil {
		return "", fmt.Errorf("make room for copies: %w", err)
	}
	if err := tamper.Copy(p.JournalDir(), b.copied()); err != nil {
		return "", err
	}
	// Opened once, so that all of it is published and a torn tail is gone.
	j, err := journal.Open(b.copied(), time.Now)
	if err != nil {
		return "", err
	}
	size := j.Head().Size
	return fmt.Sprintf("a copy with %d entries", size), j.Close()
}

func verifyClean(ctx context.Context, r *drill.Run, b bench) (string, error) {
	a, err := journal.Verify(ctx, b.copied(), journal.VerifyOptions{})
	alarms := 0
	if errors.As(err, new(*journal.DamageError)) {
		alarms = 1
	} else if err != nil {
		return "", err
	}
	r.Objective(drill.AtMost("false_alarms", "count", 0, float64(alarms)))
	if alarms > 0 {
		return "", fmt.Errorf("the copy was not changed yet: %w", err)
	}
	return fmt.Sprintf("%d entries verify", a.Size), nil
}
