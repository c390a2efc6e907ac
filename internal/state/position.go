package state

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/greenlang/fournines/internal/journal"
)

// Position is how far the state has followed its journal. Known is a prefix of that journal
// with its root: a different journal in the same place does not have it.
type Position struct {
	Applied uint64
	Known   journal.Head // no larger than Applied; zero when nothing was published yet
}

// String writes the position as it is stored: "APPLIED SIZE ROOT".
func (p Position) String() string {
	if p.Known.Root == "" {
		return strconv.FormatUint(p.Applied, 10)
	}
	return fmt.Sprintf("%d %d %s", p.Applied, p.Known.Size, p.Known.Root)
}

// parsePosition also reads what earlier versions stored, which is APPLIED alone.
func parsePosition(s string) (Position, error) {
	fields := strings.Split(s, " ")
	applied, err := strconv.ParseUint(fields[0], 10, 64)
	if err != nil || len(fields) == 1 {
		return Position{Applied: applied}, err
	}
	if len(fields) != 3 {
		return Position{}, fmt.Errorf("%q is not a number of entries, a size and a root", s)
	}
	size, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return Position{}, err
	}
	if b, err := hex.DecodeString(fields[2]); err != nil || len(b) != 32 || size > applied {
		return Position{}, fmt.Errorf("%q has no root of at most %d entries", s, applied)
	}
	return Position{applied, journal.Head{Size: size, Root: fields[2]}}, nil
}

// position is how far an open journal can be known again.
func position(j *journal.Journal, applied uint64) (Position, error) {
	_, size := j.Checkpoint()
	size = min(size, applied)
	if size == 0 {
		return Position{Applied: applied}, nil
	}
	root, err := j.RootAt(size)
	if err != nil {
		return Position{}, fmt.Errorf("position in journal %s: %w", j.Dir(), err)
	}
	return Position{applied, journal.Head{Size: size, Root: root.String()}}, nil
}

// check refuses a journal that is not the one the state has followed: an older copy of
// it, or another history. The two live in different directories, so one that was put
// back alone is found here.
func (p Position) check(ctx context.Context, j *journal.Journal) error {
	if size := j.Head().Size; size < p.Applied {
		return &journal.DamageError{Dir: j.Dir(), Index: size, Kind: journal.RolledBack, Detail: fmt.Sprintf("the state has followed it to %d entries, and it holds %d", p.Applied, size)}
	}
	if p.Known.Size == 0 {
		return nil
	}
	if _, published := j.Checkpoint(); published < p.Known.Size {
		if err := j.Publish(ctx); err != nil {
			return err
		}
	}
	root, err := j.RootAt(p.Known.Size)
	if err != nil {
		return fmt.Errorf("check journal %s against the state: %w", j.Dir(), err)
	}
	if root.String() != p.Known.Root {
		return &journal.DamageError{Dir: j.Dir(), Kind: journal.Forked, Detail: fmt.Sprintf("its first %d entries have the root %.16s…, the state has followed %.16s…: one of these entries is another", p.Known.Size, root, p.Known.Root)}
	}
	return nil
}
