package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Report is what a probe has seen of an endpoint's locks; its JSON is a journal entry.
type Report struct {
	Endpoint     string    `json:"endpoint"`
	Bucket       string    `json:"bucket"`
	At           time.Time `json:"at"`
	Attempts     []Attempt `json:"attempts"`
	Holds        bool      `json:"holds"`         // no attempt broke a lock that was given with its object
	DefaultHolds bool      `json:"default_holds"` // the bucket's default rule guards objects too; we never rely on it
}

// Attempt is one way to break a lock, and what came of it.
type Attempt struct {
	Name        string `json:"name"`
	Meaning     string `json:"meaning"`
	DefaultRule bool   `json:"default_rule,omitempty"` // it is about the bucket's default rule, not about an object's own lock
	Held        bool   `json:"held"`                   // as seen afterwards, whatever the endpoint answered
	Detail      string `json:"detail"`                 // what the endpoint answered, and what was seen
}

const (
	// ProbePrefix is below which a probe leaves its objects: a canary whose lock ends soon,
	// and one with a long lock, made once and tried again each time.
	ProbePrefix = "fournines-worm/"

	canaryKey   = ProbePrefix + "canary"
	longKey     = ProbePrefix + "long"
	ruleKey     = ProbePrefix + "default"
	canaryLock  = 90 * time.Second
	longLock    = 365 * 24 * time.Hour
	longAtLeast = 30 * 24 * time.Hour // a long canary that ends sooner is made anew
	undoTime    = 30 * time.Second
)

// Probe tries every way to break a lock, on objects of its own, and reports what held.
// Its error means that it could not find out. The bucket needs versioning and object
// lock ([Store.EnsureBucket]). For some seconds its default rule is another one; what the
// rule was is kept in the bucket, so that a probe that was killed is repaired by the next.
// Run one probe of a bucket at a time.
func Probe(ctx context.Context, s *Store, now func() time.Time) (Report, error) {
	p := &probe{Store: s, now: now, report: Report{Endpoint: s.endpoint, Bucket: s.bucket, At: now().UTC(), Holds: true, DefaultHolds: true}}
	if err := p.repair(ctx); err != nil {
		return p.report, fmt.Errorf("probe locks: repair what an earlier probe has left: %w", err)
	}
	if err := p.begin(ctx); err != nil {
		return p.report, fmt.Errorf("probe locks: %w", err)
	}
	err := p.run(ctx)
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	if err := errors.Join(err, p.repair(short)); err != nil {
		return p.report, fmt.Errorf("probe locks: %w", err)
	}
	return p.report, nil
}

// probe is one run. Its canary is the object that must survive everything.
type probe struct {
	*Store
	now    func() time.Time
	note   note
	report Report
	canary Info
	body   []byte
}

// begin puts the canary, after a note of how the bucket is now.
func (p *probe) begin(ctx context.Context) error {
	on, rule, err := p.lockRule(ctx)
	if err != nil {
		return p.fail("read the lock rule of", "", "", err)
	}
	versioned, err := p.versioned(ctx)
	if err != nil {
		return p.fail("read versioning of", "", "", err)
	}
	if !on || !versioned {
		return p.fail("probe", "", "", errors.New("object lock or versioning is off; run EnsureBucket first"))
	}
	if err := p.purge(ctx); err != nil {
		return err
	}
	if err := p.write(ctx, note{At: p.report.At, Rule: ruleOf(rule)}); err != nil {
		return err
	}
	p.body = []byte("canary of " + p.report.At.Format(time.RFC3339Nano))
	stored, err := p.Put(ctx, canaryKey, bytes.NewReader(p.body), PutOptions{RetainUntil: p.now().Add(canaryLock)})
	p.canary = stored.Info
	return err
}

// run makes every attempt, the ones that touch the bucket last.
func (p *probe) run(ctx context.Context) error {
	for _, t := range p.tries() {
		a := Attempt{Name: t.name, Meaning: t.meaning}
		if t.dangerous && !p.report.Holds {
			a.Detail = "not tried: a lock was broken before, so this could destroy what the bucket holds"
		} else if err := p.attempt(ctx, t, &a); err != nil {
			return err
		}
		p.report.Holds = p.report.Holds && a.Held
		p.report.Attempts = append(p.report.Attempts, a)
	}
	if err := p.tryLong(ctx); err != nil {
		return err
	}
	if err := p.tryRule(ctx); err != nil {
		return err
	}
	if !p.now().Before(p.canary.RetainUntil) {
		return p.fail("probe", canaryKey, p.canary.Version, fmt.Errorf("%w: it took longer than the canary's lock of %s; what was seen proves nothing", ErrUnavailable, canaryLock))
	}
	return nil
}

// attempt does t, looks at the canary, and takes back what the endpoint has let happen.
func (p *probe) attempt(ctx context.Context, t try, a *Attempt) error {
	answer := t.do(ctx)
	broken, err := p.intact(ctx, canaryKey, p.canary, p.body)
	if err != nil {
		return err
	}
	if broken == "" && t.check != nil {
		if broken, err = t.check(ctx); err != nil {
			return err
		}
	}
	a.Held, a.Detail = broken == "", said(answer)
	if broken != "" {
		a.Detail += "; " + broken
	}
	if t.undo == nil {
		return nil
	}
	return t.undo(ctx)
}

// intact returns what is wrong with an object that must be as it was; an error means
// that this could not be found out.
func (p *probe) intact(ctx context.Context, key string, was Info, body []byte) (broken string, err error) {
	i, err := p.look(ctx, key, was.Version)
	switch {
	case errors.Is(kindOf(err), ErrNotFound):
		return "the locked version is gone", nil
	case err != nil:
		return "", p.fail("look at", key, was.Version, err)
	}
	if err := i.lockedFrom(was.RetainUntil, false); err != nil {
		return "the lock is not what it was: " + err.Error(), nil //nolint:nilerr // it is the finding
	}
	o, err := p.Get(ctx, key, was.Version)
	if err != nil {
		return "", err
	}
	got, err := io.ReadAll(io.LimitReader(o.Body, 1<<20))
	if err := errors.Join(err, o.Body.Close()); err != nil {
		return "", err
	}
	if !bytes.Equal(got, body) {
		return "the locked version has another content", nil
	}
	return "", nil
}

// said is the endpoint's answer in one line.
func said(err error) string {
	if err == nil {
		return "the endpoint accepted it"
	}
	text := err.Error()
	if i := strings.LastIndex(text, "api error "); i >= 0 {
		text = text[i+len("api error "):]
	}
	return "refused: " + text
}
