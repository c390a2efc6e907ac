package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/driver/route53"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wait"
)

// The kinds of entries about the hosted zone (row 7.1.2); the subject is its id.
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
	var w hostedZone
	if err := r.Decode(&w); err != nil {
		return err
	}
	w.State, w.Since = r.Kind, r.Time
	return d.Put(hostedZonePrefix+r.Subject, w)
}

// How often the zone is read although nothing has changed here, because others may have
// changed it, and how long one that refuses is left alone.
const (
	zoneEvery = 5 * time.Minute
	zoneAgain = 15 * time.Second
	zoneLimit = 5 * time.Minute // for one application
)

// keepHostedZone makes the hosted zone of the platform file say where customers belong, after
// every change of placement and switches, until ctx ends.
func (s *ServerApp) keepHostedZone(ctx context.Context) error {
	r := s.Layout.Platform.Spec.Routing.Route53
	if !r.Used() {
		return nil
	}
	c, err := s3.LoadCredentials(r.CredentialsFile)
	if err != nil {
		return fmt.Errorf("hosted zone %s of the platform file: %w", r.HostedZone, err)
	}
	z, err := route53.New(route53.Options{Endpoint: r.Endpoint, HostedZone: r.HostedZone, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken, Source: "fournines"}, nil
	})})
	if err != nil {
		return err
	}
	s.wg.Go(func() { s.followHostedZone(ctx, z) })
	return nil
}

func (s *ServerApp) followHostedZone(ctx context.Context, z *route53.Zone) {
	settled, looked := "", time.Time{}
	for ctx.Err() == nil {
		changed, pause := s.State.Changed(), zoneEvery
		placed, err := s.placement()
		if err != nil {
			s.Log.Error("the hosted zone stays as it is", "err", err)
			wait.Sleep(ctx, zoneAgain)
			continue
		}
		want := wantedZone(s.Layout, placed)
		if print := zonePrint(want); print != settled || time.Since(looked) >= zoneEvery {
			if err := s.changeHostedZone(ctx, z, want, print); err == nil {
				settled, looked = print, time.Now()
			} else if ctx.Err() == nil {
				s.Log.Error("the hosted zone does not say what is wanted", "err", err)
				wait.Sleep(ctx, zoneAgain)
				continue
			}
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-t.C:
		}
		t.Stop()
	}
}

// changeHostedZone makes the zone say what is wanted. That it begins is in the journal before
// anything is changed, and that it is done after the zone was read back; what a crash has
// interrupted is found by reading the zone.
func (s *ServerApp) changeHostedZone(ctx context.Context, z *route53.Zone, want route53.Want, print string) error {
	ctx, cancel := context.WithTimeout(ctx, zoneLimit)
	defer cancel()
	id := s.Layout.Platform.Spec.Routing.Route53.HostedZone
	var is hostedZone
	if _, err := s.State.Get(hostedZonePrefix+id, &is); err != nil {
		return err
	}
	w := hostedZone{Print: print}
	for _, r := range want.Answering() {
		w.Answering = append(w.Answering, r.Name)
	}
	steps, err := z.Look(ctx, want)
	if err == nil && steps.Done() && is.State == hostedZoneApplied.Name && is.Print == print {
		return nil
	}
	if err == nil && !steps.Done() && (is.State != hostedZoneBegun.Name || is.Print != print) {
		if err := record(ctx, s, hostedZoneBegun, id, w); err != nil {
			return err
		}
	}
	var result route53.Result
	if err == nil {
		result, err = z.Apply(ctx, want)
	}
	w.Result = &result
	if err == nil {
		return record(ctx, s, hostedZoneApplied, id, w)
	}
	w.Error = journal.Brief(err.Error())
	if ctx.Err() != nil || (is.State == hostedZoneFailed.Name && is.Print == print && is.Error == w.Error) {
		return err // said once
	}
	if bad := record(ctx, s, hostedZoneFailed, id, w); bad != nil {
		return bad
	}
	return err
}

// wantedZone is what the hosted zone shall say of the regions that run here: what the
// edges' name servers say, which [route53.Want] and the edge's Decide decide alike.
func wantedZone(l place.Layout, placed availability.Placement) route53.Want {
	routing := l.Platform.Spec.Routing
	w := route53.Want{Owner: l.Platform.Metadata.Name, Name: routing.Route53.Name, TTL: routing.TTL.D()}
	for _, name := range l.Regions {
		address := routing.Route53.Addresses[name]
		if address == "" {
			address = l.IP(name, "")
		}
		weight, weighted := routing.Weights[name]
		w.Regions = append(w.Regions, route53.Region{
			Name: name, Address: address, Open: placed.Open(name), Reserve: weighted && weight == 0, Port: place.AppPort, Path: place.ReadyPath,
		})
	}
	for c := range len(placed.Cells) {
		w.Cells = append(w.Cells, placed.Serving[placed.Cells[c]])
	}
	return w
}

func zonePrint(w route53.Want) string {
	b, err := json.Marshal(w)
	if err != nil { // strings and numbers
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// hostedZoneWork returns what is known of the platform's hosted zone.
func (s *ServerApp) hostedZoneWork() (hostedZone, bool) {
	var w hostedZone
	r := s.Layout.Platform.Spec.Routing.Route53
	if !r.Used() {
		return w, false
	}
	known, err := s.State.Get(hostedZonePrefix+r.HostedZone, &w)
	return w, known && err == nil
}

// hostedZoneFindings says when the hosted zone does not say what is wanted.
func (s *ServerApp) hostedZoneFindings() []api.Finding {
	w, ok := s.hostedZoneWork()
	if !ok || w.State != hostedZoneFailed.Name {
		return nil
	}
	return []api.Finding{{
		Code: "hosted-zone-stale", Severity: "warning", Title: "the hosted zone cannot be changed", Text: w.Error, Since: w.Since,
		Subject: s.Layout.Platform.Spec.Routing.Route53.HostedZone, Command: "fournines journal list --kind hosted-zone.failed",
	}}
}

func (s *ServerApp) hostedZoneMetrics() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_hosted_zone_failed", Help: "1 while the hosted zone cannot be changed to what is wanted."}, func() float64 {
		w, _ := s.hostedZoneWork()
		return one(w.State == hostedZoneFailed.Name)
	})
}
