package alerts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/notify"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// retell is how long a notifier that refused is left alone.
const retell = time.Minute

// tell brings one notifier up to date: the journal holds its deliveries, so each alert is
// sent once, and again after a failure.
func (a *Alerts) tell(ctx context.Context, t *notifier) error {
	all, err := state.List[evidence.Alert](a.house.State, evidence.AlertPrefix)
	if err != nil {
		return err
	}
	var errs []error
	for _, x := range all {
		if t.wants(x) {
			errs = append(errs, a.send(ctx, t, x))
		}
	}
	return errors.Join(errs...)
}

func (a *Alerts) send(ctx context.Context, t *notifier, x evidence.Alert) error {
	var told evidence.Delivery
	key := toldPrefix + t.Name + "/" + x.Key
	known, err := a.house.State.Get(key, &told)
	if err != nil || (known && told.Alert == x.Entry && told.Error == "") || (!known && x.State == evidence.Resolved) {
		return err
	}
	err = t.to.Send(ctx, a.message(x))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d := evidence.Delivery{Key: x.Key, State: x.State, Alert: x.Entry, Notifier: t.Name}
	if err != nil {
		d.Error = journal.Brief(err.Error())
		if known && told.Alert == x.Entry {
			return err // said once
		}
		return errors.Join(err, wing.Record(ctx, a.house, evidence.Undelivered, t.Name, d))
	}
	return wing.Record(ctx, a.house, evidence.Delivered, t.Name, d)
}

func (a *Alerts) message(x evidence.Alert) notify.Alert {
	title := x.Title
	if x.Practice {
		title = "[practice] " + title
	}
	summary := x.Summary
	if x.Command != "" {
		summary += "\n" + x.Command
	}
	return notify.Alert{
		Key: a.house.Layout.Platform.Metadata.Name + "/" + x.Key, State: notify.State(x.State), Severity: notify.Severity(x.Severity),
		Title: title, Summary: summary, Source: x.Source, At: x.At, Link: "http://" + a.house.Layout.Listen + "/", Entries: append(slices.Clone(x.Entries), x.Entry),
	}
}

// TestNotifier sends an alert that is resolved at once. [wing.ErrRefused] carries the answer of
// a notifier that refuses it; [wing.ErrNotFound] says that no notifier has the name.
func (a *Alerts) TestNotifier(ctx context.Context, name, reason string) error {
	i := slices.IndexFunc(a.notifiers, func(t *notifier) bool { return t.Name == name })
	if i < 0 {
		return fmt.Errorf("the platform file names no notifier %q: %w", name, wing.ErrNotFound)
	}
	if err := state.Dry(ctx); err != nil {
		return err
	}
	t := a.notifiers[i]
	x := evidence.Alert{Key: control.NewID("test"), Severity: "info", Title: "a test by " + wing.Actor(ctx), Summary: reason, Source: "fournines", At: a.house.Now()}
	for _, state := range []string{evidence.Firing, evidence.Resolved} {
		x.State = state
		d := evidence.Delivery{Key: x.Key, State: x.State, Notifier: t.Name}
		if err := t.to.Send(ctx, a.message(x)); err != nil {
			d.Error = journal.Brief(err.Error())
			return fmt.Errorf("%w: %w", wing.ErrRefused, errors.Join(err, wing.Record(ctx, a.house, evidence.Undelivered, t.Name, d)))
		}
		if err := wing.Record(ctx, a.house, evidence.Delivered, t.Name, d); err != nil {
			return err
		}
	}
	return nil
}
