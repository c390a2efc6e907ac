package door

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/journal"
)

func (v verbs) prove() *cobra.Command {
	return &cobra.Command{Use: "prove INDEX", Short: "Print the proof of one entry, for somebody who has nothing else", Args: cobra.ExactArgs(1),
		Long:    "Print the proof of one entry: its bytes, the hashes from it to the root, and the checkpoint that signs\nthe root. `fournines journal check` verifies it without a server.",
		Example: "  fournines journal prove 42 > proof.json\n  fournines journal check proof.json --key \"$(cat key.pub)\"",
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := strconv.ParseUint(args[0], 10, 64); err != nil {
				return verb.Exitf(verb.Misused, "%q is not an index; write a number such as 42", args[0])
			}
			p, err := verb.Get[journal.Proof](c.Context(), v.World, "/v1/journal/"+args[0]+"/proof")
			if err != nil {
				return err
			}
			if v.Output == "table" {
				v.Output = "json" // what `journal check` reads
			}
			return v.Print(p, verb.Table{}, []string{args[0]})
		}}
}

// maxProof bounds what is read as a proof: an entry, its hashes and a checkpoint.
const maxProof = 1 << 20 // bytes

func (v verbs) check() *cobra.Command {
	var key string
	c := &cobra.Command{Use: "check FILE", Short: "Verify the proof of one entry; needs no server", Args: cobra.ExactArgs(1),
		Long: "Verify what `fournines journal prove` printed, or - for the standard input. Without --key it is checked\nagainst the key that it brings along, which proves only that it agrees with itself.\nExit 5 when it does not hold.",
		RunE: func(c *cobra.Command, args []string) error {
			p, err := v.readProof(args[0])
			if err != nil {
				return verb.Exit(verb.Misused, err)
			}
			if key = strings.TrimSpace(key); key != "" && key != p.Key {
				return verb.Exitf(verb.Tampered, "the proof of entry %d is signed with another key than the one you trust: %s", p.Index, p.Key)
			}
			if err := p.Verify(); err != nil {
				return verb.Exit(verb.Tampered, err)
			}
			if key == "" {
				v.Note("it agrees with itself; --key with the line of the journal's file key.pub proves whose it is")
			}
			answer := map[string]any{"ok": true, "index": p.Index, "key": p.Key, "entry": json.RawMessage(p.Entry)}
			return v.Print(answer, verb.Table{Head: []string{"PROVED", "ENTRY"}, Rows: [][]string{{fmt.Sprint(p.Index), p.Entry}}}, []string{fmt.Sprint(p.Index)})
		}}
	c.Flags().StringVar(&key, "key", "", "verifier key that must have signed it, as in the file key.pub")
	return c
}

func (v verbs) readProof(name string) (journal.Proof, error) {
	in := v.In
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // the operator names it
		if err != nil {
			return journal.Proof{}, fmt.Errorf("read the proof: %w", err)
		}
		defer f.Close() //nolint:errcheck // only read
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxProof+1))
	if err == nil && len(b) > maxProof {
		err = errors.New("it is larger than any proof")
	}
	var p journal.Proof
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return p, fmt.Errorf("%s is not a proof (%w); `fournines journal prove INDEX` prints one", name, err)
	}
	return p, nil
}
