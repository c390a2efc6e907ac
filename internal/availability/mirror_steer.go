package availability

import (
	"context"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// KindSteer stops a mirror, changes from where or whether it copies topics, and starts it again. Without
// a change it is a restart: MirrorMaker never starts a task again that has failed (row 7.1.6).
const KindSteer = "mirror.steer"

// SteerArgs are the arguments of mirror.steer.
type SteerArgs struct {
	Component string     `json:"component"`         // of the mirror
	Renewed   []Renewed  `json:"renewed,omitempty"` // topics to copy from their beginning
	Forget    []Topics   `json:"forget,omitempty"`  // topics that are gone, and their offsets with them
	Aside     []SetAside `json:"aside,omitempty"`
	Resume    []Resumed  `json:"resume,omitempty"`
}

// restart tells whether nothing is changed.
func (a SteerArgs) restart() bool {
	return len(a.Renewed)+len(a.Forget)+len(a.Aside)+len(a.Resume) == 0
}

// Mirrors changes what mirrors copy.
type Mirrors interface {
	// Seek makes a mirror, which does not run, copy a topic from these offsets on, by partition; nil: all
	// that it ever copied from the topic's beginning.
	Seek(ctx context.Context, from, to, topic string, offsets map[int32]int64) error
	// Note records, once, what the arguments say about topics.
	Note(ctx context.Context, a SteerArgs) error
	// Aside returns the topics that are set aside in one direction.
	Aside(from, to string) ([]SetAside, error)
	// Lacks returns the first record of a topic that its copy lacks; false: it lacks none, or nobody knows.
	Lacks(from, to, topic string) (SkippedRecord, bool)
	// Runs tells whether the mirror's process has begun to run since the fence of that name.
	Runs(component, epoch string) bool
}

// Steerer carries out mirror.steer.
type Steerer struct {
	Mirrors Mirrors
	Fencer  Fencer
	Now     func() time.Time
}

// Kinds returns the kinds of actions, for control. While the mirror is dead nobody else writes what it
// would read as it starts, so each step may be repeated.
func (x Steerer) Kinds() []control.Kind {
	return []control.Kind{{
		Name: KindSteer, Guard: x.guard,
		Steps: []control.Step{
			{Name: "stop", Timeout: 30 * time.Second, Do: x.stop, Undo: x.release},
			{Name: "steer", Timeout: 30 * time.Second, Do: x.steer},
			{Name: "start", Timeout: time.Minute, Do: x.start},
		},
	}}
}

func steerEpoch(r *control.Run) string { return "steer-" + r.Key }

// guard refuses to go on without a record that is not the one in the way.
func (x Steerer) guard(_ context.Context, a control.Action) error {
	args, err := decode[SteerArgs](&control.Run{Action: a})
	if err != nil {
		return err
	}
	for _, r := range args.Resume {
		aside, err := x.Mirrors.Aside(r.From, r.To)
		if err != nil {
			return err
		}
		known := false
		for _, s := range aside {
			known = known || s.Topic == r.Topic
		}
		first, lacks := x.Mirrors.Lacks(r.From, r.To, r.Topic)
		switch {
		case r.Skip == nil && !known:
			return fmt.Errorf("topic %s is not set aside on its way from %s to %s: there is nothing to resume", r.Topic, r.From, r.To)
		case r.Skip != nil && !lacks:
			return fmt.Errorf("no record of topic %s is known to wait on its way from %s to %s: there is nothing to skip", r.Topic, r.From, r.To)
		case r.Skip != nil && *r.Skip != first:
			return fmt.Errorf("the first record of topic %s that %s lacks is offset %d of partition %d: skip that one, or none", r.Topic, r.To, first.Offset, first.Partition)
		}
	}
	return nil
}

func (x Steerer) stop(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[SteerArgs](r)
	if err != nil {
		return nil, err
	}
	return x.Fencer.Fence(ctx, Fence{Component: a.Component, Epoch: steerEpoch(r), Reason: "stopped for a moment: " + r.Reason, Since: x.Now()})
}

func (x Steerer) release(ctx context.Context, r *control.Run) error {
	a, err := decode[SteerArgs](r)
	if err != nil {
		return err
	}
	return x.Fencer.Lift(ctx, a.Component, steerEpoch(r))
}

// steer moves offsets before it notes them: what is noted has been done.
func (x Steerer) steer(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[SteerArgs](r)
	if err != nil {
		return nil, err
	}
	return retry(ctx, func() (struct{}, error) {
		var none struct{}
		for _, t := range a.Renewed {
			if err := x.Mirrors.Seek(ctx, t.From, t.To, t.Topic, nil); err != nil {
				return none, err
			}
		}
		for _, f := range a.Forget {
			for topic := range f.Topics {
				if err := x.Mirrors.Seek(ctx, f.From, f.To, topic, nil); err != nil {
					return none, err
				}
			}
		}
		for _, t := range a.Resume {
			if t.Skip == nil {
				continue
			}
			if err := x.Mirrors.Seek(ctx, t.From, t.To, t.Topic, map[int32]int64{t.Skip.Partition: t.Skip.Offset + 1}); err != nil {
				return none, err
			}
		}
		return none, x.Mirrors.Note(ctx, a)
	})
}

func (x Steerer) start(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[SteerArgs](r)
	if err != nil {
		return nil, err
	}
	if err := x.release(ctx, r); err != nil {
		return nil, err
	}
	return retry(ctx, func() (string, error) {
		if !x.Mirrors.Runs(a.Component, steerEpoch(r)) {
			return "", fmt.Errorf("%s has not started again", a.Component)
		}
		return a.Component + " runs", nil
	})
}
