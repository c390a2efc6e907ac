package wiring

import (
	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/journal"
)

// edgeEvents begins the kinds of what edges notice by themselves.
const edgeEvents = "edge."

// edgeKinds says what each kind of event of an edge means as an entry.
func edgeKinds() []journal.KindOf[edge.Event] {
	name := func(k event.Kind, doc string) journal.KindOf[edge.Event] {
		return journal.NewKind[edge.Event](edgeEvents+string(k), doc)
	}
	return []journal.KindOf[edge.Event]{
		name(event.BreakerOpen, "An edge sends a target nothing more, because it failed too often."),
		name(event.BreakerHalfOpen, "An edge tries one request on a target that had failed."),
		name(event.BreakerClosed, "An edge sends a target requests again."),
		name(event.TargetDown, "A target does not answer an edge's probes."),
		name(event.TargetUp, "A target answers an edge's probes again."),
		name(event.PanicBegan, "So few targets are healthy that an edge uses all of them."),
		name(event.PanicEnded, "Enough targets are healthy again for an edge to choose among them."),
		name(event.LeaderChanged, "An edge follows another leader."),
		name(event.LeaderLost, "An edge knows no leader to follow."),
		name(event.SessionsCut, "An edge cut sessions, so that nobody writes to an old leader."),
		name(event.SessionsRefused, "An edge refuses further sessions of a role, or of all, because so many are open."),
		name(event.Fenced, "An edge lets nothing through to a fenced member."),
		name(event.FenceLifted, "An edge lets requests through to a member that was fenced."),
		name(event.HoldBegan, "An edge lets new work wait."),
		name(event.HoldEnded, "An edge lets new work flow again."),
		name(event.ConfigApplied, "An edge works by another configuration."),
		name(event.RegionDown, "A region does not answer an edge's probes: its name server leaves it out."),
		name(event.RegionUp, "A region answers an edge's probes again: its name server may answer with it."),
		name(event.CertificateLoaded, "An edge serves HTTPS with another certificate."),
		name(event.CertificateRefused, "An edge does not use a certificate's files as they are; an older certificate stays."),
		edgeOther,
	}
}

// edgeEntry returns the entry for what an edge noticed.
func edgeEntry(ev edge.Event, subject string) (journal.Entry, error) {
	for _, k := range edgeKinds() {
		if k.Name == edgeEvents+string(ev.Kind) {
			return k.Entry(subject, "", ev)
		}
	}
	return edgeOther.Entry(subject, "", ev)
}

// The kinds of entries about components and edges.
var (
	componentChanged = journal.NewKind[component]("component.changed", "A component's role, health or sync is another than before.")
	edgeConfigured   = journal.NewKind[edgeVersion]("edge.configured", "An edge's configuration is another than before.")
	edgeOther        = journal.NewKind[edge.Event](edgeEvents+"other", "An edge noticed something that this version of the server has no name for.")
)
