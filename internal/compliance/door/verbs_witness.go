package door

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/control"
)

func (v verbs) witness() *cobra.Command {
	c := &cobra.Command{Use: "witness", Short: "See and choose the servers that watch this journal",
		Long: "Servers watch each other's journals: each cosigns the others' checkpoints once it has proved that\n" +
			"they continue the ones it knows. The others report a journal that was rolled back or forked.\n" +
			"A witness that is away is an alarm and delays nothing.",
		Example: "  fournines witness card > us-east-1.json        # there\n" +
			"  fournines witness add us-east-1 --url https://HOST:PORT --card us-east-1.json --reason 'six regions'"}
	c.AddCommand(v.witnessCard(), v.witnessList(), v.witnessAdd(), v.witnessRemove())
	return c
}

func (v verbs) witnesses(ctx context.Context) (Witnesses, error) {
	return verb.Get[Witnesses](ctx, v.World, "/v1/witnesses")
}

func (v verbs) witnessCard() *cobra.Command {
	return &cobra.Command{Use: "card", Short: "Print the public keys that another server needs", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		all, err := v.witnesses(c.Context())
		if err != nil {
			return err
		}
		if v.Output == "table" {
			v.Output = "json" // as `witness add --card` reads it
		}
		return v.Print(all.Card, verb.Table{Head: []string{"LOG", "WITNESS"}, Rows: [][]string{{all.Card.Log, all.Card.Witness}}}, []string{all.Card.Witness})
	}}
}

func (v verbs) witnessList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the witnesses, how much each has cosigned, and what is wrong", Args: cobra.NoArgs,
		Long: "List the witnesses, how much each has cosigned, and what is wrong. Exit 5 when a witness says that our\njournal was rolled back or forked, or when our own witness holds such evidence against another journal.",
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := v.witnesses(c.Context())
			if err != nil {
				return err
			}
			t := verb.Table{Head: []string{"WITNESS", "URL", "COSIGNED", "OF", "AT", "WATCHED", "KEY"}, Wide: 6}
			var names []string
			for _, p := range all.Peers {
				at := "never"
				if !p.At.IsZero() {
					at = p.At.UTC().Format(time.RFC3339)
				}
				t.Rows = append(t.Rows, []string{p.Name, p.URL, fmt.Sprint(p.Cosigned), fmt.Sprint(all.Size), at, fmt.Sprint(p.Watched), p.Witness})
				names = append(names, p.Name)
			}
			if err := v.Print(all, t, names); err != nil {
				return err
			}
			return v.accused(all)
		}}
}

// accused says what is wrong; evidence that a journal was changed is an error.
func (v verbs) accused(all Witnesses) error {
	bad := len(all.Accusations) > 0
	for _, x := range all.Troubles {
		bad = bad || x.Accuses()
		by := x.Witness
		if by == "" {
			by = "our own journal"
		}
		v.Note("%s: %s since %s: %s (entry %d)", by, x.Trouble, x.Since.UTC().Format(time.RFC3339), x.Detail, x.Entry)
	}
	for _, x := range all.Accusations {
		v.Note("%s (entry %d)", x.Text, x.Entry)
	}
	if bad {
		return verb.Exit(verb.Tampered, errors.New("a journal was changed after the fact; first of all, keep its directory as evidence"))
	}
	return nil
}

func witnessPath(name string) string { return "/v1/witnesses/" + verb.Escape(name) }

func (v verbs) witnessAdd() *cobra.Command {
	var url, card string
	c := verb.Action{
		Use: "add NAME", Short: "Ask another server's witness from now on, and cosign its journal", Args: cobra.ExactArgs(1),
		Long: "Ask another server's witness from now on. Its keys come from the file that `fournines witness card`\nwrote there; bring it here by a way that you trust.",
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			keys, err := readCard(card)
			if err != nil {
				return nil, verb.Exit(verb.Misused, err)
			}
			return &verb.Ask{
				Does:   fmt.Sprintf("ask the witness of %s at %s from now on, and cosign its journal", args[0], url),
				Method: http.MethodPut, Path: witnessPath(args[0]), ID: control.NewID("witness"),
				Body: map[string]string{"url": url, "log": keys.Log, "witness": keys.Witness, "reason": reason},
				Done: func(context.Context, api.Operation) error {
					v.Note("%s is asked from now on; `fournines witness list` shows what it cosigns", args[0])
					return nil
				},
			}, nil
		},
	}.Verb(v.World)
	f := c.Flags()
	f.StringVar(&url, "url", "", "address of the other server, without a path")
	f.StringVar(&card, "card", "", "file with its public keys")
	for _, name := range []string{"url", "card"} {
		_ = c.MarkFlagRequired(name) // it exists
	}
	return c
}

func readCard(file string) (Card, error) {
	var keys Card
	b, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return keys, fmt.Errorf("read the card: %w", err)
	}
	if err := json.Unmarshal(b, &keys); err != nil {
		return keys, fmt.Errorf("%s is not a witness card (%w); `fournines witness card` writes one", file, err)
	}
	return keys, nil
}

func (v verbs) witnessRemove() *cobra.Command {
	return verb.Action{
		Use: "remove NAME", Short: "Ask a witness no longer, and cosign its journal no longer", Args: cobra.ExactArgs(1), Confirms: true,
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			return &verb.Ask{
				Does:    fmt.Sprintf("ask %s no longer: it will not see when this journal is changed", args[0]),
				Confirm: args[0],
				Method:  http.MethodDelete, Path: witnessPath(args[0]) + "?" + verb.Query("reason", reason),
				Done: func(context.Context, api.Operation) error {
					v.Note("%s is asked no longer", args[0])
					return nil
				},
			}, nil
		},
	}.Verb(v.World)
}
