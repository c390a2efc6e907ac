package door

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
)

// readinessRow is what a cluster answers to the question whether it could fail over now.
type readinessRow struct {
	api.Readiness
	Switches bool // a person may choose its leader
}

// readiness is the part of a region's page.
func (p pages) readiness(ctx context.Context, a console.Ask) (any, error) {
	r, err := p.source.Platform.Region(ctx, a.Key)
	if err != nil {
		return nil, fmt.Errorf("read region %s: %w", a.Key, err)
	}
	rows := make([]readinessRow, 0, len(r.Readiness))
	for _, ready := range r.Readiness {
		rows = append(rows, readinessRow{ready, switches(ready)})
	}
	return rows, nil
}

// switchoverSheet is a switchover before it is asked for.
type switchoverSheet struct {
	Region    api.Region
	Readiness api.Readiness
	Candidate string
	Reason    string
	Plan      console.Plan
	Missing   *console.Trouble
}

// switchover reviews a switchover of one cluster of a region.
func (p pages) switchover(ctx context.Context, a console.Ask) (console.Sheet, error) {
	r, err := p.source.Platform.Region(ctx, a.Key)
	if err != nil {
		return console.Sheet{}, fmt.Errorf("read region %s: %w", a.Key, err)
	}
	cluster := a.Query.Get("cluster")
	for _, ready := range r.Readiness {
		if ready.Cluster != cluster || !switches(ready) {
			continue
		}
		s := switchoverSheet{Region: r, Readiness: ready, Candidate: a.Query.Get("candidate"), Reason: strings.TrimSpace(a.Query.Get("reason"))}
		if s.Candidate == "" && len(ready.Candidates) > 0 {
			s.Candidate = ready.Candidates[0]
		}
		if err := console.CheckReason(s.Reason); err != nil {
			s.Missing = console.TroubleOf(err)
		}
		if !slices.Contains(ready.Candidates, s.Candidate) {
			s.Missing = console.BadRequest(fmt.Sprintf("%q is no candidate of %s now", s.Candidate, cluster), "Choose one of the list.")
		}
		s.Plan = planSwitchover(ready, s.Candidate, s.Reason)
		return console.Sheet{Title: "Switch over " + cluster, Data: s}, nil
	}
	return console.Sheet{}, fmt.Errorf("find cluster %q in %s: %w", cluster, r.Name, api.ErrNotFound)
}

// switches tells whether a person may choose a cluster's leader: Kafka's brokers elect the
// controller of their quorum by themselves, and a cluster that follows another region takes no
// writes.
func switches(r api.Readiness) bool {
	return !strings.HasSuffix(r.Cluster, "/kafka") && r.Follows == ""
}

// switchOver asks for it.
func (p pages) switchOver(ctx context.Context, f url.Values) (console.Outcome, error) {
	reason := strings.TrimSpace(f.Get("reason"))
	if err := console.CheckReason(reason); err != nil {
		return console.Outcome{}, err
	}
	id, err := p.source.Clusters.Switchover(ctx, f.Get("cluster"), f.Get("candidate"), reason)
	return console.Outcome{Address: "/operations/" + console.Segments(id)}, err
}

func switchoverCommand(cluster, candidate, reason string) string {
	to := ""
	if candidate != "" {
		to = " --to " + console.Quote(candidate)
	}
	return fmt.Sprintf("fournines switchover %s%s --reason %s", console.Quote(cluster), to, console.Quote(reason))
}

// planSwitchover says what moving a cluster's leader would do.
func planSwitchover(ready api.Readiness, candidate, reason string) console.Plan {
	p := console.Plan{
		Command: switchoverCommand(ready.Cluster, candidate, reason),
		Does:    fmt.Sprintf("Hands the lead of %s from %s to %s. %s", ready.Cluster, orNobody(ready.Leader), orBest(candidate), oldLeader(ready.Cluster)),
		Blast: []string{
			fmt.Sprintf("Writes to %s wait while the lead moves; the edge holds sessions instead of cutting them.", ready.Cluster),
			"No other cluster and no other region is touched.",
		},
		Verifies: []string{
			"The candidate has all that the leader acknowledged, before the lead moves.",
			"Afterwards exactly one leader answers, it takes a write, and the old one follows it.",
		},
	}
	if !ready.Ready {
		p.Warnings = append(p.Warnings, notReadyWords(ready))
	}
	return p
}

// oldLeader says what becomes of it.
func oldLeader(cluster string) string {
	if strings.HasSuffix(cluster, "/postgres") {
		return "The old leader writes its memory to its disk, is ended, and comes back as one that follows."
	}
	return "The old leader agrees, and follows."
}

func notReadyWords(ready api.Readiness) string {
	return fmt.Sprintf("%s could not fail over right now: %s A guard will most likely refuse.", ready.Cluster, strings.Join(ready.Reasons, " "))
}

func orNobody(id string) string {
	if id == "" {
		return "nobody"
	}
	return id
}

func orBest(id string) string {
	if id == "" {
		return "the best candidate"
	}
	return id
}
