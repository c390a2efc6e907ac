package wiring

import (
	"context"
	"time"

	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
)

// WAL implements availability.PartnerPlatform.
func (p DrillPlatform) WAL(ctx context.Context, member string) (fact.PostgresWAL, error) {
	at, err := fact.Component(member)
	if err != nil {
		return fact.PostgresWAL{}, err
	}
	return p.Admin.WAL(ctx, p.Layout.Address(at.Region, at.Zone, place.Postgres), patroni.PartnerSlot, slowLook)
}

// outgrowSilence is how long a segment or a checkpoint may take.
const outgrowSilence = time.Minute

// Outgrow implements availability.PartnerPlatform.
func (p DrillPlatform) Outgrow(ctx context.Context, member string, position int64) (int64, error) {
	at, err := fact.Component(member)
	if err != nil {
		return 0, err
	}
	return p.Admin.Outgrow(ctx, p.Layout.Address(at.Region, at.Zone, place.Postgres), position, outgrowSilence)
}
