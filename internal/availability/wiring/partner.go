package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// lookWAL looks at the write-ahead log of the region's leader, and at what it keeps of it for the
// partner region.
func (r *region) lookWAL(ctx context.Context) error {
	before := r.facts.Postgres(r.spec.Name)
	id := leaderOf(before)
	if id == "" {
		return nil // it has no leader; others say so
	}
	w, err := r.wal(ctx, id)
	if err != nil {
		return err // the fact's own age says that nobody knows
	}
	if passed := w.At.Sub(before.WAL.At).Seconds(); before.WAL.Member == id && passed > 0 {
		w.Rate = (before.WAL.Rate*rateMemory + max(0, float64(w.Position-before.WAL.Position))) / (rateMemory + passed)
	}
	partner := r.facts.Postgres(r.layout.Partner(r.spec).Name)
	if before.WAL.Member != id { // of another leader, or of nobody
		before.WAL.Partner.Strained = time.Time{}
	}
	source := before
	source.WAL = w
	w.Outrun = availability.OutrunSince(before.WAL.Outrun, source, partner, w.At)
	w.Partner.Strained = availability.StrainedSince(before.WAL.Partner.Strained, w, w.At)
	r.facts.PutPostgres(r.spec.Name, func(p *fact.Postgres) { p.WAL = w })
	if name := r.layout.Partner(r.spec).Name; name != "" && !before.Lock.Standby {
		r.facts.PutPostgres(name, func(p *fact.Postgres) { p.Outrun = w.Outrun })
	}
	return nil
}

// rateMemory is over how many seconds the rate of writing is averaged.
const rateMemory = 60

// wal asks a member, by its component id.
func (r *region) wal(ctx context.Context, id string) (fact.PostgresWAL, error) {
	at, err := fact.Component(id)
	if err != nil {
		return fact.PostgresWAL{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, slowLook)
	defer cancel()
	w, err := r.admin.WAL(ctx, r.layout.Address(r.spec.Name, at.Zone, place.Postgres), patroni.PartnerSlot, slowLook)
	w.At, w.Member = r.now(), id
	return w, err
}

// copies implements availability.Copies.
type copies struct{ w *Wiring }

func (x copies) WAL(ctx context.Context, region string) (fact.PostgresWAL, error) {
	r, leader, err := x.serving(ctx, region)
	if err != nil {
		return fact.PostgresWAL{}, err
	}
	return r.wal(ctx, place.ID(region, leader, place.Postgres))
}

// serving returns a region whose cluster leads, and the zone of its primary.
func (x copies) serving(ctx context.Context, region string) (r *region, zone string, err error) {
	if r, err = x.w.region(region); err != nil {
		return nil, "", err
	}
	short, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	lock, err := r.lock.Read(short)
	if err != nil {
		return nil, "", err
	}
	i := slices.IndexFunc(r.spec.Zones, func(z string) bool { return place.Member(region, z) == lock.Leader })
	if lock.Standby || i < 0 {
		return nil, "", fmt.Errorf("%s has no primary", place.Cluster(region, place.Postgres))
	}
	return r, r.spec.Zones[i], nil
}

func (x copies) CopyFrom(ctx context.Context, region, member, of string) (err error) {
	from, zone, err := x.serving(ctx, of)
	if err != nil {
		return err
	}
	r, err := x.w.region(region)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(r.spec.Zones, func(z string) bool { return place.Member(region, z) == member })
	if i < 0 {
		return fmt.Errorf("%s has no member %s", region, member)
	}
	host := r.layout.Members(region, from.spec)[slices.Index(from.spec.Zones, zone)]
	return patroni.CopyFrom(ctx, r.lock, r.rest(r.spec.Zones[i]), host, member)
}

// decideRecopies returns what is due for standby clusters that their partners have outrun.
func (w *Wiring) decideRecopies(now time.Time) (out []control.Action, err error) {
	views, err := w.outrun()
	for _, v := range views {
		out = append(out, availability.DecideRecopy(v, now)...)
	}
	return out, err
}

// outrun returns the homes whose copy is in trouble, or will be: a quiet round reads no past.
func (w *Wiring) outrun() (out []availability.MoveView, err error) {
	homes, err := w.homes()
	if err != nil {
		return nil, err
	}
	for _, h := range homes {
		if wal := w.house.Facts.Postgres(h.serving).WAL; wal.Outrun.IsZero() && wal.Partner.Strained.IsZero() || w.regions[h.other] == nil {
			continue
		}
		v, bad := w.MoveView(h.Name, h.other)
		if bad != nil {
			err = errors.Join(err, bad)
			continue
		}
		out = append(out, v)
	}
	return out, err
}

func (w *Wiring) partnerFindings(now time.Time) (out []wing.Finding, err error) {
	views, err := w.outrun()
	for _, v := range views {
		if f, trouble := availability.PartnerFinding(v, now); trouble {
			out = append(out, f)
		}
	}
	return out, err
}
