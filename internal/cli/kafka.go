package cli

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
)

func (w *world) kafkaCommand() *cobra.Command {
	c := &cobra.Command{Use: "kafka", Short: "Operate the regions' Kafka clusters"}
	c.AddCommand(w.kafkaRestart(), w.kafkaMirrors())
	return c
}

func (w *world) kafkaMirrors() *cobra.Command {
	return &cobra.Command{Use: "mirrors", Short: "Show how far topics are copied between a region and its partner, and whether anything was lost", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := w.client()
			if err != nil {
				return err
			}
			var l struct {
				Items []api.Mirror `json:"items"`
			}
			if err := client.Call(c.Context(), http.MethodGet, "/v1/kafka/mirrors", "", nil, &l); err != nil {
				return err
			}
			t := table{head: []string{"FROM", "TO", "HEALTH", "LAG", "SENT", "RECEIVED", "GAPS", "DUPLICATES", "TOPICS", "RECORDS BEHIND", "DETAIL"}}
			var names []string
			for _, m := range l.Items {
				behind := int64(0)
				for _, topic := range m.Topics {
					behind += topic.Records
				}
				t.rows = append(t.rows, []string{
					m.From, m.To, string(m.Health), fmt.Sprintf("%.3f s", m.LagSeconds), fmt.Sprint(m.Sent), fmt.Sprint(m.Received), fmt.Sprint(m.Gaps),
					fmt.Sprint(m.Duplicates), fmt.Sprint(len(m.Topics)), fmt.Sprint(behind), m.Detail,
				})
				names = append(names, m.From+">"+m.To)
			}
			return w.print(l, t, names)
		}}
}

func (w *world) kafkaRestart() *cobra.Command {
	var d operationVerb
	c := &cobra.Command{Use: "restart REGION", Short: "Restart a region's brokers one after another, while producers go on", Args: cobra.ExactArgs(1),
		Long: `Restart a region's brokers one after another: the active controller last, each only while every partition stays writable without it,
and the next only once every copy is in sync again. It is refused where a broker could not be lost now, and resumes after any crash.`,
		Example: "  fournines kafka restart us-east-1 --reason 'new Java' --yes",
		RunE: func(c *cobra.Command, args []string) error {
			what := fmt.Sprintf("restarts every broker of %s/kafka, one after another; producers and consumers move to the others meanwhile", args[0])
			return d.begin(c.Context(), w, "kafka-restart", args[0], what, "/v1/kafka/restarts", map[string]any{"region": args[0]})
		}}
	d.flags(c)
	return c
}
