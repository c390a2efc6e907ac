package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/control"
)

func (w *world) witnessCommand() *cobra.Command {
	c := &cobra.Command{Use: "witness", Short: "See and choose the servers that watch this journal",
		Long: "Servers watch each other's journals: each cosigns the others' checkpoints after it has proved that\n" +
			"they continue what it knows. A journal that was rolled back or forked is called out by the others.\n" +
			"A witness that is away is an alarm and delays nothing.",
		Example: "  fournines witness card > us-east-1.json        # there\n" +
			"  fournines witness add us-east-1 --url https://HOST:PORT --card us-east-1.json --reason 'six regions'"}
	c.AddCommand(w.witnessCard(), w.witnessList(), w.witnessAdd(), w.witnessRemove())
	return c
}

func (w *world) witnesses(c *cobra.Command) (compliancedoor.Witnesses, error) {
	var out compliancedoor.Witnesses
	client, err := w.client()
	if err == nil {
		err = client.Call(c.Context(), http.MethodGet, "/v1/witnesses", "", nil, &out)
	}
	return out, err
}

func (w *world) witnessCard() *cobra.Command {
	return &cobra.Command{Use: "card", Short: "Print the public keys that another server needs", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		all, err := w.witnesses(c)
		if err != nil {
			return err
		}
		if w.output == "table" {
			w.output = "json" // what `witness add --card` reads
		}
		return w.print(all.Card, table{head: []string{"LOG", "WITNESS"}, rows: [][]string{{all.Card.Log, all.Card.Witness}}}, []string{all.Card.Witness})
	}}
}

func (w *world) witnessList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the witnesses, what they have cosigned and what is wrong", Args: cobra.NoArgs,
		Long: "List the witnesses. Exit 5 when one of them says that our journal was rolled back or forked, or\nwhen ours holds such evidence against another journal.",
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := w.witnesses(c)
			if err != nil {
				return err
			}
			t := table{head: []string{"WITNESS", "URL", "COSIGNED", "OF", "AT", "WATCHED", "KEY"}, wide: 6}
			var names []string
			for _, p := range all.Peers {
				at := "never"
				if !p.At.IsZero() {
					at = p.At.UTC().Format(time.RFC3339)
				}
				t.rows = append(t.rows, []string{p.Name, p.URL, fmt.Sprint(p.Cosigned), fmt.Sprint(all.Size), at, fmt.Sprint(p.Watched), p.Witness})
				names = append(names, p.Name)
			}
			if err := w.print(all, t, names); err != nil {
				return err
			}
			bad := false
			for _, x := range all.Troubles {
				bad = bad || x.Accuses()
				w.note("%s: %s since %s: %s (entry %d)", orOwn(x.Witness), x.Trouble, x.Since.UTC().Format(time.RFC3339), x.Detail, x.Entry)
			}
			for _, x := range all.Accusations {
				bad = true
				w.note("%s (entry %d)", x.Text, x.Entry)
			}
			if bad {
				return &exitError{exitIntegrity, errors.New("a journal is not what it was; keep its directory as evidence before anything else")}
			}
			return nil
		}}
}

func orOwn(name string) string {
	if name == "" {
		return "our own journal"
	}
	return name
}

func (w *world) witnessAdd() *cobra.Command {
	var url, card, reason string
	c := &cobra.Command{Use: "add NAME", Short: "Ask another server's witness from now on, and cosign its journal", Args: cobra.ExactArgs(1),
		Long: "Ask another server's witness from now on. Its keys come from the file that `fournines witness card`\nwrote there, brought here by a way that you trust.",
		RunE: func(c *cobra.Command, args []string) error {
			b, err := os.ReadFile(card) //nolint:gosec // the operator names it
			if err != nil {
				return &exitError{exitUsage, fmt.Errorf("read the card: %w", err)}
			}
			var keys compliancedoor.Card
			if err := json.Unmarshal(b, &keys); err != nil {
				return &exitError{exitUsage, fmt.Errorf("%s is no card (%w); `fournines witness card` writes one", card, err)}
			}
			client, err := w.client()
			if err != nil {
				return err
			}
			in := map[string]string{"url": url, "log": keys.Log, "witness": keys.Witness, "reason": reason}
			return client.Call(c.Context(), http.MethodPut, "/v1/witnesses/"+escape(args[0]), control.NewID("witness"), in, nil)
		}}
	f := c.Flags()
	f.StringVar(&url, "url", "", "address of the other server, without a path")
	f.StringVar(&card, "card", "", "file with its public keys")
	f.StringVar(&reason, "reason", "", "why; it is kept in the journal")
	for _, name := range []string{"url", "card", "reason"} {
		_ = c.MarkFlagRequired(name) // it exists
	}
	return c
}

func (w *world) witnessRemove() *cobra.Command {
	var reason string
	var yes bool
	c := &cobra.Command{Use: "remove NAME", Short: "Ask a witness no longer, and cosign its journal no longer", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := w.confirm(yes, args[0]+" will no longer see when this journal is changed", args[0]); err != nil {
				return err
			}
			client, err := w.client()
			if err != nil {
				return err
			}
			return client.Call(c.Context(), http.MethodDelete, "/v1/witnesses/"+escape(args[0])+"?"+query("reason", reason), "", nil, nil)
		}}
	c.Flags().StringVar(&reason, "reason", "", "why; it is kept in the journal")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	_ = c.MarkFlagRequired("reason") // it exists
	return c
}
