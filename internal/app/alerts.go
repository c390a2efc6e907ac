package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/notify"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

// How often alerts are decided, and how often the error budget is looked at for them.
const (
	alertEvery = 5 * time.Second
	burnEvery  = 30 * time.Second
)

// notifier is one notifier with what it is told of.
type notifier struct {
	spec.Notifier
	to   notify.Notifier
	news chan struct{}
}

// newNotifiers makes the notifiers that the platform file names.
func newNotifiers(list []spec.Notifier) ([]*notifier, error) {
	out := make([]*notifier, 0, len(list))
	for _, n := range list {
		to, err := newNotifier(n)
		if err != nil {
			return nil, fmt.Errorf("notifier %s of the platform file: %w", n.Name, err)
		}
		out = append(out, &notifier{n, to, make(chan struct{}, 1)})
	}
	return out, nil
}

func newNotifier(n spec.Notifier) (notify.Notifier, error) {
	secret, err := notify.ReadSecret(n.SecretFile)
	if err != nil {
		return nil, err
	}
	switch n.Kind {
	case spec.PagerDuty:
		address := n.URL
		if address == "" {
			address = notify.PagerDutyAddress
		}
		return notify.NewPagerDuty(secret, address, notify.Delivery{})
	case spec.Slack:
		return notify.NewSlack(secret, notify.Delivery{})
	}
	return notify.NewWebhook(n.Name, notify.NewSecret(n.URL), secret, notify.Delivery{})
}

// watchAlerts decides alerts until ctx ends, and tells people.
func (s *ServerApp) watchAlerts(ctx context.Context) {
	for _, t := range s.notifiers {
		s.wg.Go(func() { s.tell(ctx, t) })
		wait.Poke(t.news) // what a restart has interrupted
	}
	var watch evidence.Watch
	var burn []evidence.Alert
	burned := time.Time{}
	for wait.Sleep(ctx, wing.Blind); ctx.Err() == nil; wait.Sleep(ctx, alertEvery) {
		now := time.Now()
		if now.Sub(burned) >= burnEvery {
			spent, err := s.burnAlerts(now)
			if err != nil {
				s.Log.Error("alerts cannot be decided: the error budget cannot be read", "err", err)
				continue
			}
			burned, burn = now, spent
		}
		if err := s.decideAlerts(ctx, &watch, burn, now); err != nil && ctx.Err() == nil {
			s.Log.Error("alerts cannot be decided", "err", err)
		}
	}
}

func (s *ServerApp) burnAlerts(now time.Time) ([]evidence.Alert, error) {
	counts, err := s.counts()
	if err != nil {
		return nil, err
	}
	p := s.Layout.Platform.Spec
	return evidence.BurnAlerts(evidence.DecideBurn(counts, p.Cells.Count, float64(p.Targets.Availability), now)), nil
}

func (s *ServerApp) decideAlerts(ctx context.Context, watch *evidence.Watch, burn []evidence.Alert, now time.Time) error {
	standing, err := state.List[evidence.Alert](s.State, evidence.AlertPrefix)
	if err != nil {
		return err
	}
	status, err := s.Status(ctx)
	if err != nil {
		return err
	}
	wanted := slices.Clone(burn)
	for _, f := range status.Findings {
		wanted = append(wanted, alertOf(f))
	}
	drilling, err := s.drilling()
	if err != nil {
		return err
	}
	practice := len(status.Faults) > 0 || drilling
	next, changes := evidence.DecideAlerts(*watch, standing, wanted, now)
	*watch = next
	for _, a := range changes {
		a.Practice = a.Practice || (a.State == evidence.Firing && practice)
		e, err := evidence.AlertEntry(a)
		if err != nil {
			return err
		}
		e.Actor = "system:evidence"
		if _, err := s.State.Append(ctx, e); err != nil {
			return err
		}
		s.Log.Warn("alert", "key", a.Key, "state", a.State, "severity", a.Severity, "title", a.Title, "practice", a.Practice)
	}
	if len(changes) > 0 {
		for _, t := range s.notifiers {
			wait.Poke(t.news)
		}
	}
	return nil
}

// alertOf turns a finding into the alert that it asks for.
func alertOf(f api.Finding) evidence.Alert {
	a := evidence.Alert{Key: f.Code, Severity: f.Severity, Title: f.Title, Summary: f.Text, Source: f.Subject, Command: f.Command, Since: f.Since, Entries: f.Entries}
	if f.Subject != "" {
		a.Key += "/" + f.Subject
	} else {
		a.Source = "platform"
	}
	if f.Severity == evidence.Notice {
		a.Severity = "info"
	}
	return a
}

// drilling tells whether a drill is under way.
func (s *ServerApp) drilling() (bool, error) {
	all, err := drill.Before(s.State, 0, 100)
	return slices.ContainsFunc(all, func(r drill.Report) bool { return r.Verdict == drill.Running && time.Since(r.Begun) < time.Hour }), err
}

// retell is how long a notifier that refused is left alone.
const retell = time.Minute

// tell brings one notifier up to date whenever alerts have changed: what it was told is in
// the journal, so each alert is told once, and again after a failure.
func (s *ServerApp) tell(ctx context.Context, t *notifier) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.news:
		}
		all, err := state.List[evidence.Alert](s.State, evidence.AlertPrefix)
		for _, a := range all {
			if err == nil && t.wants(a) {
				err = s.send(ctx, t, a)
			}
		}
		if err != nil && ctx.Err() == nil {
			s.Log.Error("people could not be told", "notifier", t.Name, "err", err)
			wait.Sleep(ctx, retell)
			wait.Poke(t.news)
		}
	}
}

// wants tells whether the notifier is told of an alert; one that was resolved before it
// could be told is none.
func (t *notifier) wants(a evidence.Alert) bool {
	least := t.Least
	if least == "" {
		least = evidence.Warning
	}
	return (t.Practice || !a.Practice) && evidence.Rank(a.Severity) >= evidence.Rank(least)
}

func (s *ServerApp) send(ctx context.Context, t *notifier, a evidence.Alert) error {
	var told evidence.Delivery
	key := toldPrefix + t.Name + "/" + a.Key
	known, err := s.State.Get(key, &told)
	if err != nil || (known && told.Alert == a.Entry && told.Error == "") || (!known && a.State == evidence.Resolved) {
		return err
	}
	err = t.to.Send(ctx, s.message(a))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d := evidence.Delivery{Key: a.Key, State: a.State, Alert: a.Entry, Notifier: t.Name}
	if err != nil {
		d.Error = journal.Brief(err.Error())
		if known && told.Alert == a.Entry {
			return err // said once
		}
		return errors.Join(err, wing.Record(ctx, s.house, evidence.Undelivered, t.Name, d))
	}
	return wing.Record(ctx, s.house, evidence.Delivered, t.Name, d)
}

func (s *ServerApp) message(a evidence.Alert) notify.Alert {
	title := a.Title
	if a.Practice {
		title = "[practice] " + title
	}
	summary := a.Summary
	if a.Command != "" {
		summary += "\n" + a.Command
	}
	return notify.Alert{
		Key: s.Layout.Platform.Metadata.Name + "/" + a.Key, State: notify.State(a.State), Severity: notify.Severity(a.Severity),
		Title: title, Summary: summary, Source: a.Source, At: a.At, Link: "http://" + s.Listen + "/", Entries: append(slices.Clone(a.Entries), a.Entry),
	}
}

func (s *ServerApp) Alerts(context.Context) ([]evidence.Alert, error) {
	all, err := state.List[evidence.Alert](s.State, evidence.AlertPrefix)
	slices.SortStableFunc(all, func(a, b evidence.Alert) int { return b.At.Compare(a.At) })
	return all, err
}

// TestNotifier implements what the doors declare: it sends an alert that is resolved at once.
func (s *ServerApp) TestNotifier(ctx context.Context, name, reason string) error {
	i := slices.IndexFunc(s.notifiers, func(t *notifier) bool { return t.Name == name })
	if i < 0 {
		return fmt.Errorf("the platform file names no notifier %q: %w", name, api.ErrNotFound)
	}
	t, now := s.notifiers[i], time.Now()
	a := evidence.Alert{Key: control.NewID("test"), Severity: "info", Title: "a test by " + wing.Actor(ctx), Summary: reason, Source: "fournines", At: now}
	for _, state := range []string{evidence.Firing, evidence.Resolved} {
		a.State = state
		d := evidence.Delivery{Key: a.Key, State: a.State, Notifier: t.Name}
		if err := t.to.Send(ctx, s.message(a)); err != nil {
			d.Error = journal.Brief(err.Error())
			return fmt.Errorf("%w: %w", api.ErrRefused, errors.Join(err, wing.Record(ctx, s.house, evidence.Undelivered, t.Name, d)))
		}
		if err := wing.Record(ctx, s.house, evidence.Delivered, t.Name, d); err != nil {
			return err
		}
	}
	return nil
}

// toldPrefix begins the keys of what notifiers were told last.
const toldPrefix = "told/" // + notifier + key of the alert

// foldTold keeps the last delivery of each alert that is kept.
func foldTold(d *state.Docs, r journal.Record) error {
	if r.Kind != evidence.Delivered.Name && r.Kind != evidence.Undelivered.Name {
		return nil
	}
	var v evidence.Delivery
	if err := r.Decode(&v); err != nil {
		return err
	}
	if err := d.Put(toldPrefix+v.Notifier+"/"+v.Key, v); err != nil {
		return err
	}
	for _, key := range d.Keys(toldPrefix) {
		var told evidence.Delivery
		if _, err := d.Get(key, &told); err != nil {
			return err
		}
		kept, err := d.Get(evidence.AlertPrefix+told.Key, &evidence.Alert{})
		if err != nil {
			return err
		}
		if !kept {
			d.Delete(key)
		}
	}
	return nil
}
