package door

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/recovery"
)

func (v verbs) reach() *cobra.Command {
	region, to := "", ""
	c := &cobra.Command{
		Use: "reach", Short: "Say whether a moment can be restored, from which backup, and what could be reached instead", Args: cobra.NoArgs,
		Long:    "Say whether a region's PostgreSQL can be restored to a moment. It reads the names of what is stored, and restores nothing.\nExit 3: it cannot be reached.",
		Example: "  fournines backup reach --to 2026-11-30T10:00:00Z",
	}
	c.Flags().StringVar(&region, "region", "", "whose PostgreSQL; the one that leads, where there is only one")
	c.Flags().StringVar(&to, "to", "", "the moment, such as 2026-11-30T10:00:00Z; as late as possible by default")
	c.RunE = func(c *cobra.Command, _ []string) error {
		query := ""
		if to != "" {
			at, err := time.Parse(time.RFC3339Nano, to)
			if err != nil {
				return verb.Exitf(verb.Misused, "--to: %.40q is no time with a zone, such as 2026-11-30T10:00:00Z", to)
			}
			query = "?to=" + url.QueryEscape(at.UTC().Format(time.RFC3339Nano))
		}
		name, err := v.region(c.Context(), region)
		if err != nil {
			return err
		}
		r, err := verb.Get[recovery.Reach](c.Context(), v.World, recoveryPath+"/"+verb.Escape(name)+"/reach"+query)
		if err != nil {
			return err
		}
		if err := v.Print(r, reachTable(r), []string{r.Backup}); err != nil {
			return err
		}
		if r.Ready {
			return nil
		}
		why := strings.Join(r.Reasons, "; ")
		if !r.Next.IsZero() {
			why += "; from " + clock(r.Next) + " on it can be restored again"
		}
		return verb.Exitf(verb.Missed, "%s/postgres cannot be restored to that moment: %s", r.Region, why)
	}
	return c
}

func reachTable(r recovery.Reach) verb.Table {
	target, reached := "as late as possible", "no"
	if !r.Target.IsZero() {
		target = clock(r.Target)
	}
	if r.Ready {
		reached = "yes"
	}
	return verb.Table{
		Head: []string{"REGION", "TARGET", "REACHED", "FROM BACKUP", "UNTIL", "SEGMENTS", "GAPS", "EARLIEST"},
		Rows: [][]string{{r.Region, target, reached, verb.Dash(r.Backup), clock(r.Until), fmt.Sprint(r.Segments), fmt.Sprint(len(r.Gaps)), clock(r.Earliest)}},
	}
}

func clock(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}
