package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// note is how the bucket was before a probe; it lives in the bucket while the probe runs.
type note struct {
	At   time.Time `json:"at"`
	Rule *rule     `json:"rule,omitempty"`
}

// rule is a bucket's default rule.
type rule struct {
	Mode  string `json:"mode"`
	Days  int32  `json:"days,omitempty"`
	Years int32  `json:"years,omitempty"`
}

const noteKey = ProbePrefix + "note"

func ruleOf(d *types.DefaultRetention) *rule {
	if d == nil {
		return nil
	}
	return &rule{Mode: string(d.Mode), Days: aws.ToInt32(d.Days), Years: aws.ToInt32(d.Years)}
}

func (r *rule) retention() *types.DefaultRetention {
	if r == nil {
		return nil
	}
	d := &types.DefaultRetention{Mode: types.ObjectLockRetentionMode(r.Mode)}
	if r.Days > 0 {
		d.Days = &r.Days
	} else {
		d.Years = &r.Years
	}
	return d
}

// parseNote refuses what would set a rule that nobody has had.
func parseNote(b []byte) (note, error) {
	var n note
	if err := json.Unmarshal(b, &n); err != nil {
		return n, fmt.Errorf("read note of a probe: %w", err)
	}
	if r := n.Rule; r != nil && (r.Mode != Compliance && r.Mode != Governance || r.Days < 0 || r.Years < 0 || (r.Days > 0) == (r.Years > 0)) {
		return n, fmt.Errorf("read note of a probe: %+v is no rule", *r)
	}
	return n, nil
}

func (p *probe) write(ctx context.Context, n note) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	// A short lock of its own, so that a long default rule does not keep it for years.
	if _, err := p.Put(ctx, noteKey, bytes.NewReader(b), PutOptions{RetainUntil: p.now().Add(canaryLock)}); err != nil {
		return err
	}
	p.note = n
	return nil
}

// repair brings the bucket back to what the note says, if there is one, and hides the note.
func (p *probe) repair(ctx context.Context) error {
	o, err := p.Get(ctx, noteKey, "")
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(o.Body, 1<<16))
	if err := errors.Join(err, o.Body.Close()); err != nil {
		return err
	}
	if p.note, err = parseNote(b); err != nil {
		return p.fail("repair", noteKey, "", err)
	}
	if err := p.restore(ctx); err != nil {
		return err
	}
	if _, err := p.remove(ctx, noteKey, "", false); err != nil {
		return p.fail("hide the note", noteKey, "", err)
	}
	return p.purge(ctx)
}

// restore sets rule and versioning as they were, and proves it.
func (p *probe) restore(ctx context.Context) error {
	want := p.note.Rule
	on, now, err := p.lockRule(ctx)
	if err != nil || !on || !want.equal(ruleOf(now)) {
		if err := p.setLockRule(ctx, want.retention()); err != nil {
			return p.fail("restore the lock rule of", "", "", err)
		}
		if on, now, err = p.lockRule(ctx); err != nil || !on || !want.equal(ruleOf(now)) {
			return p.fail("restore the lock rule of", "", "", errors.Join(fmt.Errorf("%w: lock on %v, rule %+v, want %+v", ErrUnproved, on, ruleOf(now), want), err))
		}
	}
	return p.fail("restore versioning of", "", "", p.ensureVersioning(ctx))
}

func (r *rule) equal(o *rule) bool {
	return r == nil && o == nil || r != nil && o != nil && *r == *o
}

// purge deletes what earlier probes have left and is not locked any more. The long canary stays.
func (p *probe) purge(ctx context.Context) error {
	var old []Entry
	for e, err := range p.Versions(ctx, ProbePrefix) {
		if err != nil {
			return err
		}
		keep := e.Key == longKey || e.Latest && e.Marker && e.Key == noteKey // the marker hides locked notes
		if !keep {
			old = append(old, e)
		}
	}
	for _, e := range old {
		if !e.Marker {
			i, err := p.look(ctx, e.Key, e.Version)
			if err != nil || i.Mode == Compliance && i.RetainUntil.After(p.now()) {
				continue // locked, or gone
			}
		}
		if _, err := p.remove(ctx, e.Key, e.Version, true); err != nil && errors.Is(kindOf(err), ErrUnavailable) {
			return p.fail("remove an old canary", e.Key, e.Version, err)
		}
	}
	return nil
}

// tryRule finds out whether the default rule guards an object for as long as it says.
// GOVERNANCE for a day is the shortest lock of which the probe can take back its own.
func (p *probe) tryRule(ctx context.Context) error {
	stamped := Attempt{Name: "default-stamped", DefaultRule: true, Meaning: "put without a lock under a default rule of a day: the object must get a lock of its own"}
	outlives := Attempt{Name: "default-outlives-rule", DefaultRule: true, Meaning: "then remove the rule and delete the version"}
	done := func(err error) error {
		p.report.Attempts = append(p.report.Attempts, stamped, outlives)
		p.report.DefaultHolds = stamped.Held && outlives.Held
		return err
	}
	if err := p.setLockRule(ctx, (&rule{Mode: Governance, Days: 1}).retention()); err != nil {
		stamped.Detail, outlives.Detail = "the rule is "+said(err), "not tried"
		return done(p.restore(ctx))
	}
	stored, err := p.Put(ctx, ruleKey, bytes.NewReader([]byte("under a rule")), PutOptions{})
	if err != nil {
		return done(err)
	}
	mode, until, err := p.retention(ctx, ruleKey, stored.Version)
	if err != nil {
		return done(p.fail("look at", ruleKey, stored.Version, err))
	}
	stamped.Held, stamped.Detail = mode == Governance, "the object has no lock of its own"
	if mode != "" {
		stamped.Detail = fmt.Sprintf("the object is locked until %s in mode %s", until.Format(time.RFC3339), mode)
	}
	if err := p.setLockRule(ctx, nil); err != nil {
		return done(p.fail("remove the lock rule of", "", "", err))
	}
	_, answer := p.remove(ctx, ruleKey, stored.Version, false)
	switch _, err := p.head(ctx, ruleKey, stored.Version, false); {
	case err == nil:
		outlives.Held, outlives.Detail = true, said(answer)
		_, err = p.remove(ctx, ruleKey, stored.Version, true)
		err = p.fail("remove", ruleKey, stored.Version, err)
		return done(errors.Join(err, p.restore(ctx)))
	case errors.Is(kindOf(err), ErrNotFound):
		outlives.Detail = said(answer) + "; the version is gone"
		return done(p.restore(ctx))
	default:
		return done(p.fail("look at", ruleKey, stored.Version, err))
	}
}
