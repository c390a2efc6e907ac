package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
)

func (w *world) kafkaCommand() *cobra.Command {
	c := &cobra.Command{Use: "kafka", Short: "Operate the regions' Kafka clusters"}
	c.AddCommand(w.kafkaRestart(), w.kafkaMirrors())
	return c
}

func (w *world) kafkaMirrors() *cobra.Command {
	return list[availabilitydoor.Mirror]{
		use: "mirrors", short: "Show how far topics are copied between a region and its partner, and whether anything was lost", path: "/v1/kafka/mirrors",
		head: []string{"FROM", "TO", "HEALTH", "LAG", "SENT", "RECEIVED", "GAPS", "DUPLICATES", "TOPICS", "RECORDS BEHIND", "DETAIL"},
		row: func(m availabilitydoor.Mirror) []string {
			behind := int64(0)
			for _, topic := range m.Topics {
				behind += topic.Records
			}
			return []string{
				m.From, m.To, string(m.Health), fmt.Sprintf("%.3f s", m.LagSeconds), fmt.Sprint(m.Sent), fmt.Sprint(m.Received), fmt.Sprint(m.Gaps),
				fmt.Sprint(m.Duplicates), fmt.Sprint(len(m.Topics)), fmt.Sprint(behind), m.Detail,
			}
		},
		name: func(m availabilitydoor.Mirror) string { return m.From + ">" + m.To },
	}.verb(w)
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
