package door

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/spec"
)

// verbs are how people at a terminal reach the schedules.
type verbs struct{ *verb.World }

// Verbs returns the verbs of schedules for the command line.
func Verbs(w *verb.World) []verb.Grouped {
	v := verbs{w}
	c := &cobra.Command{Use: "schedule", Short: "See planned work, pause and resume it"}
	c.AddCommand(v.list(), v.pause(), v.resume())
	return []verb.Grouped{{Group: "act", Command: c}}
}

const path = "/v1/schedules"

func (v verbs) list() *cobra.Command {
	return verb.List[Schedule]{
		Use: "list", Short: "List schedules: when each runs next, and how it went last", Path: path,
		Long: "List schedules. With -o wide each shows what it does and its next five times, in UTC.",
		Head: []string{"SCHEDULE", "STATE", "CRON", "ZONE", "NEXT", "NEWEST RUN", "FAILED", "DETAIL", "DOES", "NEXT FIVE"}, Wide: 8,
		Row: func(s Schedule) []string {
			next, newest, detail := "never", "", ""
			if len(s.Next) > 0 {
				next = stamp(s.Next[0])
			}
			if s.Newest != nil {
				newest = s.Newest.State + " " + stamp(s.Newest.Ended)
				detail = s.Newest.Error
			}
			switch {
			case s.Running != nil:
				detail = "runs since " + stamp(s.Running.Begun)
			case s.Pause != nil:
				detail = "by " + s.Pause.By + ": " + s.Pause.Reason
			}
			var all []string
			for _, at := range s.Next {
				all = append(all, stamp(at))
			}
			return []string{s.Name, s.State, s.Cron, s.Zone, next, newest, fmt.Sprint(s.Failures), detail, s.Does, strings.Join(all, " ")}
		},
		Name: func(s Schedule) string { return s.Name },
	}.Verb(v.World)
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func (v verbs) pause() *cobra.Command {
	length := ""
	c := verb.Action{
		Use: "pause NAME", Short: "Keep a schedule from beginning; a run that goes on is left alone", Args: cobra.ExactArgs(1),
		Example: "  fournines schedule pause backup-full --for 2h --reason 'the store is being moved'",
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			body, until := map[string]any{"reason": reason}, "until it is resumed"
			if length != "" {
				d, err := spec.ParseDuration(length)
				if err != nil {
					return nil, verb.Exitf(verb.Misused, "--for: %w", err)
				}
				end := time.Now().Add(d.D()).UTC().Truncate(time.Second)
				body["until"], until = end, "until "+stamp(end)
			}
			return &verb.Ask{
				Does: "pause " + args[0] + " " + until, Method: http.MethodPost, Path: path + "/" + verb.Escape(args[0]) + "/pause", Body: body,
				Done: func(context.Context, api.Operation) error {
					v.Note("%s is paused %s", args[0], until)
					return nil
				},
			}, nil
		},
	}.Verb(v.World)
	c.Flags().StringVar(&length, "for", "", "how long, such as 2h or 7d; until it is resumed by default")
	return c
}

func (v verbs) resume() *cobra.Command {
	skip := false
	c := verb.Action{
		Use: "resume NAME", Short: "End a pause; what was missed is caught up in one run", Args: cobra.ExactArgs(1),
		Ask: func(_ context.Context, args []string, reason string) (*verb.Ask, error) {
			return &verb.Ask{
				Does: "resume " + args[0], Method: http.MethodPost, Path: path + "/" + verb.Escape(args[0]) + "/resume",
				Body: map[string]any{"reason": reason, "skip_missed": skip},
				Done: func(context.Context, api.Operation) error {
					v.Note("%s is resumed", args[0])
					return nil
				},
			}, nil
		},
	}.Verb(v.World)
	c.Flags().BoolVar(&skip, "skip-missed", false, "do not catch up what was missed in the pause")
	return c
}
