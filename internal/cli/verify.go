package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
)

// verified is the answer of `journal verify`. Its checkpoint, kept in a file, is what
// --against takes later.
type verified struct {
	OK bool `json:"ok"`
	journal.Audit
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
}

func (w world) journalVerify() *cobra.Command {
	var from, key, against string
	var bucket bucketFlags
	c := &cobra.Command{
		Use: "verify", Short: "Check the journal from its first byte; needs no server", Args: cobra.NoArgs,
		Long: "Check the journal from its first byte: every checksum, every entry's hash against the tree,\n" +
			"every tile, the root against the signed checkpoint and against what was acknowledged. It needs\n" +
			"no server. From a URL it reads what a server publishes as tlog-tiles, and nothing else: ours does so\n" +
			"at /log, for a client with its token (FOURNINES_TOKEN). From a bucket it reads the archive: its tiles, its\n" +
			"tables, and every object's lock.\n\n" +
			"A directory that was replaced as a whole agrees with itself. Only something kept outside of it\n" +
			"shows the exchange: the key with --key, and an older checkpoint with --against.\n\n" +
			"Exit 5 when something is wrong; the first entry concerned and the kind of damage are named.",
		Example: "  fournines journal verify -o name > checkpoint.txt\n" +
			"  fournines journal verify --against checkpoint.txt\n" +
			"  fournines journal verify --from https://log.example --key \"$(cat key.pub)\"\n" +
			"  fournines journal verify --from archive\n" +
			"  fournines journal verify --from s3://journal --endpoint https://s3.example --credentials FILE --key \"$(cat key.pub)\"",
		RunE: func(c *cobra.Command, _ []string) error {
			if isArchive(from) {
				return w.verifyArchive(c.Context(), from, key, against, bucket)
			}
			if from == "" {
				_, layout, err := place.LoadInstallation(w.Data)
				if err != nil { // a journal alone, such as one out of a backup
					layout = place.Layout{Root: w.Data}
				}
				from = layout.JournalDir()
			}
			return w.verify(c.Context(), from, key, against)
		},
	}
	f := c.Flags()
	f.StringVar(&from, "from", "", "directory of the journal, URL of its tiles, s3://BUCKET[/PREFIX] of an archive, or archive for the installation's; the installation's journal by default")
	f.StringVar(&key, "key", "", "verifier key that must have signed it, as in the file key.pub; needed for a URL")
	f.StringVar(&against, "against", "", "file with an older checkpoint, of which the journal must be the continuation")
	bucket.add(c)
	return c
}

func (w world) verify(ctx context.Context, from, key, against string) error {
	o := journal.VerifyOptions{Key: strings.TrimSpace(key)}
	if against != "" {
		b, err := os.ReadFile(against) //nolint:gosec // the operator names it
		if err != nil {
			return verb.Exitf(verb.Misused, "read the older checkpoint: %w", err)
		}
		o.Against = b
	}
	remote := strings.HasPrefix(from, "http://") || strings.HasPrefix(from, "https://")
	if remote && o.Key == "" {
		return verb.Exit(verb.Misused, errors.New("a URL needs --key: a server's word about itself proves nothing; take the line in the file key.pub of the journal"))
	}
	begun := time.Now()
	o.Progress = w.verifying(begun)
	var a journal.Audit
	var err error
	if remote {
		o.Token = os.Getenv("FOURNINES_TOKEN")
		a, err = journal.VerifyURL(ctx, from, o.Key, o)
	} else {
		a, err = journal.Verify(ctx, from, o)
	}
	switch {
	case errors.As(err, new(*journal.DamageError)):
		return verb.Exit(verb.Tampered, err)
	case !remote && errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no journal in %s; name its directory with --from", from)
	case err != nil:
		return err
	}
	v := verified{true, a, begun.UTC(), time.Since(begun).Seconds()}
	t := verb.Table{Head: []string{"VERIFIED", "ENTRIES", "SIGNED", "ROOT", "SECONDS", "KEY"}, Wide: 5}
	t.Rows = [][]string{{"ok", fmt.Sprint(a.Size), fmt.Sprint(a.Published), a.Root, fmt.Sprintf("%.3f", v.Seconds), a.Key}}
	return w.Print(v, t, []string{strings.TrimSuffix(a.Checkpoint, "\n")})
}

// verifying shows on a terminal how far it is.
func (w world) verifying(begun time.Time) func(done, total uint64) {
	t := verb.NewTree(w.Err)
	if !t.Live {
		return nil
	}
	shown := begun
	return func(done, total uint64) {
		if now := time.Now(); now.Sub(shown) > 200*time.Millisecond && total > 0 {
			shown = now
			t.Draw([]verb.Line{{Text: fmt.Sprintf("verifying: %d of %d entries, %d %%", done, total, done*100/total)}})
		}
	}
}
