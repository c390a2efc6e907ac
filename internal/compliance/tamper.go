package compliance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tamper"
)

// class groups the files of a journal, so that each kind of file is changed in each way.
func class(name string) string {
	switch {
	case strings.HasSuffix(name, ".seg"):
		return "segment"
	case strings.HasPrefix(name, "tile/entries/"):
		return "bundle"
	case strings.HasPrefix(name, "tile/"):
		return "tile"
	}
	return name // head, checkpoint, key, key.pub
}

// targets returns the files that count, by class. A sparse index is only a cache, and a
// partial tile that a newer one has replaced may be gone.
func targets(dir string) (map[string][]string, error) {
	files, err := tamper.Files(dir)
	out := map[string][]string{}
	for _, name := range files {
		if !strings.HasSuffix(name, ".idx") {
			out[class(name)] = append(out[class(name)], name)
		}
	}
	return out, err
}

// tryChanges changes a fresh copy in each way, one file of each class, until enough have
// been tried, and verifies it.
func tryChanges(ctx context.Context, r *drill.Run, b bench) (string, error) {
	all, err := targets(b.copied())
	if err != nil {
		return "", err
	}
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	random := rand.New(rand.NewPCG(seed, 0))
	tried, byKind := 0, map[string]int{}
	var missed []string
	for tried < leastChanges {
		before := tried
		for _, name := range classes(all) {
			for _, c := range tamper.Changes() {
				how, named, err := tryChange(ctx, random, b, c, all[name])
				if err != nil {
					return "", err
				}
				switch {
				case how == "":
					continue
				case named == "":
					missed = append(missed, how)
				}
				tried++
				byKind[named]++
			}
		}
		if tried == before {
			return "", errors.New("no file of the journal could be changed")
		}
	}
	r.Objective(drill.AtLeast("changes_tried", "count", leastChanges, float64(tried)))
	r.Objective(drill.AtMost("changes_missed", "count", 0, float64(len(missed))))
	return fmt.Sprintf("%d changes (seed %d), named %s%s", tried, seed, counted(byKind), missedOf(missed)), nil
}

func classes(all map[string][]string) []string {
	out := make([]string, 0, len(all))
	for name := range all {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func missedOf(missed []string) string {
	if len(missed) == 0 {
		return ""
	}
	return "; NOT FOUND: " + strings.Join(missed, ", ")
}

func counted(byKind map[string]int) string {
	var out []string
	for kind, n := range byKind {
		out = append(out, fmt.Sprintf("%s %d", kind, n))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// tryChange changes one of the files and returns how, and the kind of damage that the
// verifier names. how is "" when what was drawn changes nothing.
func tryChange(ctx context.Context, random *rand.Rand, b bench, c tamper.Change, files []string) (how, named string, err error) {
	name := files[random.IntN(len(files))]
	if c.Name == "remove" && strings.Contains(name, ".p"+string(filepath.Separator)) {
		return "", "", nil // a newer tile may hold the same
	}
	dir := b.dir("changed")
	if err := errors.Join(os.RemoveAll(dir), tamper.Copy(b.copied(), dir)); err != nil {
		return "", "", err
	}
	changed, err := c.Do(random, dir, name)
	if err != nil || !changed {
		return "", "", err
	}
	how = c.Name + " " + name
	_, err = journal.Verify(ctx, dir, journal.VerifyOptions{})
	var damage *journal.DamageError
	switch {
	case errors.As(err, &damage):
		return how, string(damage.Kind), nil
	case err != nil:
		return how, "", fmt.Errorf("verify after %s: %w", how, err)
	}
	return how, "", nil
}
