package availability

import (
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Documents of the wing. A fence and a hold are desired state: they are in the journal
// before anybody acts on them, so a server that restarts desires the same.
const (
	FencePrefix = "fence/" // + component id
	HoldPrefix  = "hold/"  // + cluster # operation that holds it

	RestartPrefix = "restart/" // + component id
)

// The kinds of entries of the wing.
var (
	FenceSet    = journal.NewKind[Fence]("fence.set", "A component is to be dead, and to stay dead, until the fence is lifted.")
	FenceLifted = journal.NewBareKind("fence.lifted", "A fenced component may live again.")
	RouteHeld   = journal.NewKind[Hold]("route.held", "New work for a cluster waits at the edge while its leader moves.")
	RestartSet  = journal.NewKind[RestartWish]("restart.set", "A component is to end in order, and to be started again, once.")
	RouteFreed  = journal.NewBareKind("route.resumed", "New work for a cluster flows again.")
)

// EntryKinds returns the kinds of entries of the wing.
func EntryKinds() []journal.Kind {
	return append(append([]journal.Kind{FenceSet.Kind, FenceLifted.Kind, RouteHeld.Kind, RouteFreed.Kind, RestartSet.Kind, MirrorLost.Kind, MirrorClosed.Kind, LinkChanged.Kind, ObjectLost.Kind, RegionWhole.Kind}, topicKinds()...), homeKinds()...)
}

// RestartWish asks for a restart of a component's process. The document stays, so that a
// node that has done the restart of that name does not repeat it.
type RestartWish struct {
	Component string `json:"component"`
	Name      string `json:"name"`
}

// HoldKey is the document of what an operation holds of a cluster. Each has its own, so that the
// end of one does not end another's.
func HoldKey(cluster, by string) string { return HoldPrefix + cluster + "#" + by }

// Hold keeps new work of a cluster's clients waiting at the edge.
type Hold struct {
	Cluster string    `json:"cluster"`
	Until   time.Time `json:"until"`
}

// Fold keeps the wing's documents. It is a state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	switch r.Kind {
	case FenceSet.Name:
		var f Fence
		if err := r.Decode(&f); err != nil {
			return err
		}
		return d.Put(FencePrefix+r.Subject, f)
	case FenceLifted.Name:
		d.Delete(FencePrefix + r.Subject)
	case RouteHeld.Name:
		var h Hold
		if err := r.Decode(&h); err != nil {
			return err
		}
		return d.Put(HoldKey(r.Subject, r.Operation), h)
	case RestartSet.Name:
		var w RestartWish
		if err := r.Decode(&w); err != nil {
			return err
		}
		return d.Put(RestartPrefix+r.Subject, w)
	case MirrorLost.Name, TopicsNoted.Name, TopicRenewed.Name, RecordsGone.Name, TopicAside.Name, TopicResumed.Name:
		return foldMirrors(d, r)
	case LinkChanged.Name:
		return foldLinks(d, r)
	case ObjectLost.Name:
		return foldObjects(d, r)
	case RegionWhole.Name:
		return foldWhole(d, r)
	case RouteFreed.Name:
		d.Delete(HoldKey(r.Subject, r.Operation))
	default:
		return foldHomes(d, r)
	}
	return nil
}
