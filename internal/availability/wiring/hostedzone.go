package wiring

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/driver/route53"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// The kinds of entries about the hosted zone (row 7.1.2); their subject is the zone's id.
var (
	hostedZoneBegun   = journal.NewKind[hostedZone]("hosted-zone.begun", "A hosted zone is about to be changed, because it does not say what is wanted.")
	hostedZoneApplied = journal.NewKind[hostedZone]("hosted-zone.applied", "A hosted zone, read back, says what is wanted.")
	hostedZoneFailed  = journal.NewKind[hostedZone]("hosted-zone.failed", "A hosted zone could not be changed; it is tried again.")
)

// hostedZone is what a hosted zone is made to say, and how far that is.
type hostedZone struct {
	Print     string          `json:"print"`     // of what is wanted
	Answering []string        `json:"answering"` // regions that the service's name stands for
	Result    *route53.Result `json:"result,omitempty"`
	Error     string          `json:"error,omitempty"`
	State     string          `json:"state,omitempty"` // of the document: the last entry's kind
	Since     time.Time       `json:"since,omitzero"`  // of the document
}

// hostedZonePrefix begins the documents of hosted zones.
const hostedZonePrefix = "hosted-zone/" // + id

func foldHostedZone(d *state.Docs, r journal.Record) error {
	if r.Kind != hostedZoneBegun.Name && r.Kind != hostedZoneApplied.Name && r.Kind != hostedZoneFailed.Name {
		return nil
	}
	var work hostedZone
	if err := r.Decode(&work); err != nil {
		return err
	}
	work.State, work.Since = r.Kind, r.Time
	return d.Put(hostedZonePrefix+r.Subject, work)
}

// How often the zone is read although nothing has changed here, because others may have
// changed it, and how long one that refuses is left alone.
const (
	zoneEvery = 5 * time.Minute
	zoneAgain = 15 * time.Second
	zoneLimit = 5 * time.Minute // for one application
)

// zoneKeeper is how far the hosted zone of the platform file is what is wanted.
type zoneKeeper struct {
	house     *wing.House
	placement func() (availability.Placement, error)

	zone    *route53.Zone // nil: the platform file names none
	settled string        // print of what the zone says
	looked  time.Time     // when it did
	refused time.Time     // of the newest failure
	why     error         // of it
}

// openHostedZone reads how the hosted zone of the platform file is reached.
func (w *zoneKeeper) openHostedZone() error {
	r := w.house.Layout.Platform.Spec.Routing.Route53
	if !r.Used() {
		return nil
	}
	c, err := s3.LoadCredentials(r.CredentialsFile)
	if err != nil {
		return fmt.Errorf("hosted zone %s of the platform file: %w", r.HostedZone, err)
	}
	w.zone, err = route53.New(route53.Options{Endpoint: r.Endpoint, HostedZone: r.HostedZone, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken, Source: "fournines"}, nil
	})})
	return err
}

// keepHostedZone makes the hosted zone say where customers belong, when that has changed or
// when the zone was not read for long.
func (w *zoneKeeper) keepHostedZone(ctx context.Context) error {
	now := w.house.Now()
	if w.why != nil && now.Sub(w.refused) < zoneAgain {
		return w.why
	}
	placed, err := w.placement()
	if err != nil {
		return err
	}
	want := wantedZone(w.house.Layout, placed)
	print := zonePrint(want)
	if print == w.settled && now.Sub(w.looked) < zoneEvery {
		return nil
	}
	if w.why = w.changeHostedZone(ctx, w.zone, want, print); w.why != nil {
		w.refused = w.house.Now()
		return w.why
	}
	w.settled, w.looked = print, w.house.Now()
	return nil
}

// changeHostedZone makes the zone say what is wanted. The journal records the begin before
// anything is changed, and the end after the zone was read back; after a crash, reading the
// zone shows what is missing.
func (w *zoneKeeper) changeHostedZone(ctx context.Context, z *route53.Zone, want route53.Want, print string) error {
	ctx, cancel := context.WithTimeout(ctx, zoneLimit)
	defer cancel()
	id := w.house.Layout.Platform.Spec.Routing.Route53.HostedZone
	var is hostedZone
	if _, err := w.house.State.Get(hostedZonePrefix+id, &is); err != nil {
		return err
	}
	work := hostedZone{Print: print}
	for _, r := range want.Answering() {
		work.Answering = append(work.Answering, r.Name)
	}
	steps, err := z.Look(ctx, want)
	if err == nil && steps.Done() && is.State == hostedZoneApplied.Name && is.Print == print {
		return nil
	}
	if err == nil && !steps.Done() && (is.State != hostedZoneBegun.Name || is.Print != print) {
		if err := wing.Record(ctx, w.house, hostedZoneBegun, id, work); err != nil {
			return err
		}
	}
	var result route53.Result
	if err == nil {
		result, err = z.Apply(ctx, want)
	}
	work.Result = &result
	if err == nil {
		return wing.Record(ctx, w.house, hostedZoneApplied, id, work)
	}
	work.Error = journal.Brief(err.Error())
	if ctx.Err() != nil || (is.State == hostedZoneFailed.Name && is.Print == print && is.Error == work.Error) {
		return err // said once
	}
	if bad := wing.Record(ctx, w.house, hostedZoneFailed, id, work); bad != nil {
		return bad
	}
	return err
}

// wantedZone is the desired content of the hosted zone for the regions that run here: the
// answers of the edges' name servers, which [route53.Want] and the edge's Decide compute
// alike.
func wantedZone(l place.Layout, placed availability.Placement) route53.Want {
	routing := l.Platform.Spec.Routing
	work := route53.Want{Owner: l.Platform.Metadata.Name, Name: routing.Route53.Name, TTL: routing.TTL.D()}
	for _, name := range l.Regions {
		address := routing.Route53.Addresses[name]
		if address == "" {
			address = l.IP(name, "")
		}
		weight, weighted := routing.Weights[name]
		work.Regions = append(work.Regions, route53.Region{
			Name: name, Address: address, Open: placed.Open(name), Reserve: weighted && weight == 0, Port: place.AppPort, Path: place.ReadyPath,
		})
	}
	for c := range len(placed.Cells) {
		work.Cells = append(work.Cells, placed.Serving[placed.Cells[c]])
	}
	return work
}

func zonePrint(work route53.Want) string {
	b, err := json.Marshal(work)
	if err != nil { // strings and numbers
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// hostedZoneWork returns what is known of the platform's hosted zone; false where none is
// declared or nothing was done yet.
func (w *zoneKeeper) hostedZoneWork() (work hostedZone, known bool, err error) {
	r := w.house.Layout.Platform.Spec.Routing.Route53
	if !r.Used() {
		return work, false, nil
	}
	known, err = w.house.State.Get(hostedZonePrefix+r.HostedZone, &work)
	return work, known, err
}

// hostedZoneFindings says when the hosted zone does not say what is wanted.
func (w *zoneKeeper) hostedZoneFindings(time.Time) ([]wing.Finding, error) {
	work, known, err := w.hostedZoneWork()
	if err != nil || !known || work.State != hostedZoneFailed.Name {
		return nil, err
	}
	return []wing.Finding{{
		Code: "hosted-zone-stale", Severity: evidence.Warning, Title: "the hosted zone cannot be changed", Text: work.Error, Since: work.Since,
		Subject: w.house.Layout.Platform.Spec.Routing.Route53.HostedZone, Command: "fournines journal list --kind hosted-zone.failed",
	}}, nil
}

func (w *zoneKeeper) hostedZoneMetrics() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_hosted_zone_failed", Help: "1 while the hosted zone cannot be changed to what is wanted."}, func() float64 {
		work, _, err := w.hostedZoneWork()
		if err != nil {
			return math.NaN() // nobody knows
		}
		return one(work.State == hostedZoneFailed.Name)
	})
}
