package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/up"
)

func (w world) serversCommand() *cobra.Command {
	c := verb.List[api.Server]{
		Use: "servers", Short: "Show the servers of the control plane: which one leads, and how much of the journal each holds",
		Load: func(ctx context.Context) ([]api.Server, error) {
			s, err := w.status(ctx)
			return s.Servers, err
		},
		Head: []string{"SERVER", "ROLE", "HEALTH", "ENTRIES", "ADDRESS", "SINCE", "DETAIL", "MACHINE"}, Wide: 6,
		Row: func(v api.Server) []string {
			since, machine := "", "the platform's"
			if !v.Started.IsZero() {
				since = v.Started.UTC().Format(time.RFC3339)
			}
			if v.Elsewhere {
				machine = "its own"
			}
			return []string{v.Name, v.Role, string(v.Health), fmt.Sprint(v.Entries), v.Address, since, v.Detail, machine}
		},
		Name: func(v api.Server) string { return v.Name },
	}.Verb(w.World)
	c.AddCommand(w.inviteCommand(), w.dismissCommand())
	return c
}

func (w world) inviteCommand() *cobra.Command {
	return &cobra.Command{Use: "invite SERVER", Short: "Invite another machine to run a server of --elsewhere", Args: cobra.ExactArgs(1),
		Long:    "Invite another machine to run a server that `up --elsewhere` leaves to it. The invitation gives everything that a server has:\nsecrets, the journal's key, and the keys of persons. It is good for one machine and one hour, and the next one replaces it.",
		Example: "  fournines servers invite us-west-2/server | ssh other-machine fournines server --join -",
		RunE: func(_ *cobra.Command, args []string) error {
			i, err := up.InviteServer(w.Data, args[0], verb.Actor())
			if err != nil {
				return err
			}
			return w.Print(map[string]string{"server": i.Machine, "gate": i.Gate, "gate_key": i.GateKey, "invitation": i.String()}, verb.Table{Head: []string{i.String()}}, []string{i.String()})
		}}
}

func (w world) dismissCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: "dismiss SERVER", Short: "Take back the key of the machine that runs a server: it is cut off at once", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			_, layout, err := place.LoadInstallation(w.Data)
			if err != nil {
				return err
			}
			if _, err := layout.Seat(args[0]); err != nil {
				return err
			}
			if err := w.Confirm("cut off the machine that runs "+args[0]+": it holds the journal no more until another is invited", args[0], yes); err != nil {
				return err
			}
			if err := up.DismissServer(w.Data, args[0], verb.Actor()); err != nil {
				return err
			}
			w.Note("%s is cut off; invite a machine again with `fournines servers invite %s`", args[0], args[0])
			return nil
		}}
	verb.Yes(c, &yes)
	return c
}
