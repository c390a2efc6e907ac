package cli

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/up"
)

func (w *world) serversCommand() *cobra.Command {
	c := &cobra.Command{Use: "servers", Short: "Show the servers of the control plane: who leads, and who holds how much of the journal", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := w.client()
			if err != nil {
				return err
			}
			var s api.Status
			if err := client.Call(c.Context(), http.MethodGet, "/v1/status", "", nil, &s); err != nil {
				return err
			}
			t := table{head: []string{"SERVER", "ROLE", "HEALTH", "ENTRIES", "ADDRESS", "SINCE", "DETAIL", "MACHINE"}, wide: 6}
			var names []string
			for _, v := range s.Servers {
				since := ""
				if !v.Started.IsZero() {
					since = v.Started.UTC().Format(time.RFC3339)
				}
				machine := "the platform's"
				if v.Elsewhere {
					machine = "its own"
				}
				t.rows = append(t.rows, []string{v.Name, v.Role, string(v.Health), fmt.Sprint(v.Entries), v.Address, since, v.Detail, machine})
				names = append(names, v.Name)
			}
			return w.print(map[string]any{"items": s.Servers}, t, names)
		}}
	c.AddCommand(w.inviteCommand(), w.dismissCommand())
	return c
}

func (w *world) inviteCommand() *cobra.Command {
	return &cobra.Command{Use: "invite SERVER", Short: "Invite another machine to run a server of --elsewhere", Args: cobra.ExactArgs(1),
		Long:    "Invite another machine to run a server that `up --elsewhere` leaves to it. Who has the invitation gets all that a server has:\nsecrets, the journal's key, and the keys of persons. It is good for one machine and one hour, and the next one replaces it.",
		Example: "  fournines servers invite us-west-2/server | ssh other-machine fournines server --join -",
		RunE: func(_ *cobra.Command, args []string) error {
			i, err := up.InviteServer(w.data, args[0], actor())
			if err != nil {
				return err
			}
			return w.print(map[string]string{"server": i.Machine, "gate": i.Gate, "gate_key": i.GateKey, "invitation": i.String()}, table{head: []string{i.String()}}, []string{i.String()})
		}}
}

func (w *world) dismissCommand() *cobra.Command {
	return &cobra.Command{Use: "dismiss SERVER", Short: "Take back the key of the machine that runs a server: it is cut off at once", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := up.DismissServer(w.data, args[0], actor()); err != nil {
				return err
			}
			w.note("%s is cut off; invite a machine again with `fournines servers invite %s`", args[0], args[0])
			return nil
		}}
}
