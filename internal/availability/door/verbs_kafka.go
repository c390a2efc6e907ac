package door

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/control"
)

func (v verbs) kafka() *cobra.Command {
	c := &cobra.Command{Use: "kafka", Short: "Operate the regions' Kafka clusters"}
	c.AddCommand(v.kafkaRestart(), v.kafkaMirrors())
	return c
}

func (v verbs) kafkaMirrors() *cobra.Command {
	return verb.List[Mirror]{
		Use: "mirrors", Short: "Show how far topics are copied between a region and its partner, and whether anything is lost", Path: "/v1/kafka/mirrors",
		Head: []string{"FROM", "TO", "HEALTH", "LAG", "SENT", "RECEIVED", "GAPS", "DUPLICATES", "TOPICS", "RECORDS BEHIND", "DETAIL"},
		Row: func(m Mirror) []string {
			behind := int64(0)
			for _, topic := range m.Topics {
				behind += topic.Records
			}
			return []string{
				m.From, m.To, string(m.Health), fmt.Sprintf("%.3f s", m.LagSeconds), fmt.Sprint(m.Sent), fmt.Sprint(m.Received), fmt.Sprint(m.Gaps),
				fmt.Sprint(m.Duplicates), fmt.Sprint(len(m.Topics)), fmt.Sprint(behind), m.Detail,
			}
		},
		Name: func(m Mirror) string { return m.From + ">" + m.To },
	}.Verb(v.World)
}

func (v verbs) kafkaRestart() *cobra.Command {
	return verb.Action{
		Use: "restart REGION", Short: "Restart a region's brokers one after another, while producers go on", Args: cobra.ExactArgs(1), Confirms: true,
		Long: `Restart a region's brokers one after another: the active controller last, each only while every partition stays writable without it,
and the next only once every copy is in sync again. It is refused where a broker could not be lost now, and resumes after any crash.`,
		Example: "  fournines kafka restart us-east-1 --reason 'new Java' --yes",
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			id := control.NewID("kafka-restart")
			return &verb.Ask{
				Does:    fmt.Sprintf("restart every broker of %s/kafka, one after another; producers and consumers move to the others meanwhile", args[0]),
				Confirm: args[0],
				Method:  http.MethodPost, Path: "/v1/kafka/restarts", ID: id, Operation: id,
				Body: map[string]any{"region": args[0], "reason": reason},
			}, nil
		},
	}.Verb(v.World)
}
