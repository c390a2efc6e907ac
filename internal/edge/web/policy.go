package web

import (
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/decide"
)

// policy is config.HTTPPolicy with its defaults filled in.
type policy struct {
	probe        decide.ProbePolicy
	probeTimeout time.Duration
	failures     int
	cooldown     time.Duration
	slowStart    time.Duration
	connect      time.Duration
	try          time.Duration
	total        time.Duration
	idle         time.Duration
	tries        int
	percent      int
	floor        int
	standard     bool
}

func fill(p config.HTTPPolicy) policy {
	f := policy{
		probe: decide.ProbePolicy{
			Every:   p.ProbeEvery.Or(decide.DefaultProbeEvery),
			Reprobe: time.Duration(p.ReprobeEvery),
			Rise:    p.Rise, Fall: p.Fall,
		},
		probeTimeout: p.ProbeTimeout.Or(2 * time.Second),
		failures:     p.BreakerFailures,
		cooldown:     p.BreakerCooldown.Or(decide.DefaultCooldown),
		slowStart:    p.SlowStart.Or(10 * time.Second),
		connect:      p.ConnectTimeout.Or(time.Second),
		try:          p.TryTimeout.Or(5 * time.Second),
		total:        p.Timeout.Or(15 * time.Second),
		idle:         p.IdleTimeout.Or(5 * time.Minute),
		tries:        p.Tries,
		percent:      decide.DefaultBudgetPercent,
		floor:        decide.DefaultBudgetFloor,
		standard:     p.Upstream == config.Standard,
	}
	if f.tries == 0 {
		f.tries = 3
	}
	if p.BudgetPercent != nil {
		f.percent = *p.BudgetPercent
	}
	if p.BudgetFloor != nil {
		f.floor = *p.BudgetFloor
	}
	return f
}
