package door

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/control"
)

func (v verbs) kafka() *cobra.Command {
	c := &cobra.Command{Use: "kafka", Short: "Operate the regions' Kafka clusters"}
	c.AddCommand(v.kafkaRestart(), v.kafkaMirrors(), v.kafkaResume())
	return c
}

func (v verbs) kafkaMirrors() *cobra.Command {
	return verb.List[Mirror]{
		Use: "mirrors", Short: "Show how far topics are copied between a region and its partner, and whether anything is lost", Path: "/v1/kafka/mirrors",
		Head: []string{"FROM", "TO", "HEALTH", "LAG", "SENT", "RECEIVED", "GAPS", "DUPLICATES", "TOPICS", "RECORDS BEHIND", "DETAIL"},
		Row: func(m Mirror) []string {
			behind := int64(0)
			for _, topic := range m.Topics {
				behind += max(0, topic.Records)
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

func (v verbs) kafkaResume() *cobra.Command {
	skip := ""
	c := verb.Action{
		Use: "resume REGION TOPIC", Short: "Copy a topic again that was set aside because it stopped the mirror", Args: cobra.ExactArgs(2), Confirms: true,
		Long: `Copy a topic of a region to its partner again that was set aside because it stopped the mirror. Mend the cause first: it is set aside again otherwise.
With --skip the copy goes on without one record, which must be the first that it lacks; the journal keeps who went on without it, and why.
The mirror of both regions stops for some seconds. It is refused where the topic waits for nothing.`,
		Example: "  fournines kafka resume us-east-1 orders --reason 'limit raised' --yes\n  fournines kafka resume us-east-1 orders --skip 0:4711 --reason 'a test of ours' --yes",
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			id := control.NewID("kafka-resume")
			body := ResumeRequest{Region: args[0], Topic: args[1], Reason: api.Reason(reason)}
			does := fmt.Sprintf("copy topic %s of %s again; the mirror stops for some seconds", args[1], args[0])
			if skip != "" {
				body.Skip = &availability.SkippedRecord{}
				if n, err := fmt.Sscanf(skip, "%d:%d", &body.Skip.Partition, &body.Skip.Offset); err != nil || n != 2 || fmt.Sprintf("%d:%d", body.Skip.Partition, body.Skip.Offset) != skip {
					return nil, verb.Exitf(verb.Misused, "--skip %q is no record: write PARTITION:OFFSET, as the finding says it", skip)
				}
				does += fmt.Sprintf("; offset %d of partition %d is not copied", body.Skip.Offset, body.Skip.Partition)
			}
			return &verb.Ask{Does: does, Confirm: args[1], Method: http.MethodPost, Path: "/v1/kafka/resumptions", ID: id, Operation: id, Body: body}, nil
		},
	}.Verb(v.World)
	c.Flags().StringVar(&skip, "skip", "", "PARTITION:OFFSET of a record to go on without")
	return c
}
