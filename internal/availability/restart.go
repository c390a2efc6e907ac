package availability

import (
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// served tells whether any observer has seen the target serve since it began to watch it. After the
// start of a whole platform the lock in etcd is from its earlier life, and who holds it only starts: nobody
// has seen it yet. Where it never comes, Patroni's own path remains.
func served(probes []fact.Probe, target string) bool {
	return slices.ContainsFunc(probes, func(p fact.Probe) bool { return p.Target == target && !p.LastOK.IsZero() })
}

// restartWithin is how long a Patroni may take to stop or restart its server in order, where no
// primary_start_timeout says it.
const restartWithin = 15 * time.Second

// restarting tells whether the suspect is only gone while its own Patroni stops or restarts it in
// order, whether it has answered its Patroni since it was gone, or whether nobody has asked that yet. A
// stop hands the lock on by itself. Only the decision asks: a failover that was refused for this could
// not be asked for again under its key.
func restarting(v PostgresView, suspect fact.PostgresMember, now time.Time) bool {
	var gone time.Time
	after := 0 // observers that found nobody there after the newest answer
	for _, p := range v.Probes {
		if p.Target == suspect.ID && now.Sub(p.At) <= freshProbe && p.Misses >= v.Detection.Misses {
			switch {
			case p.Outcome == fact.Hangs: // a stop in order ends in a server that is gone
				return false
			case p.Outcome != fact.Gone:
				continue
			case gone.IsZero() || p.Since.Before(gone):
				gone = p.Since
			}
			if p.At.After(suspect.Seen) {
				after++
			}
		}
	}
	if gone.IsZero() {
		return false
	}
	if suspect.Looked.Before(gone) {
		return now.Sub(gone) < freshProbe
	}
	if suspect.State == "running" { // by its own word: who restarted it says so before observers come by again
		return after < v.Detection.Observers
	}
	within := v.Policy.PrimaryStartTimeout.D()
	if within <= 0 {
		within = restartWithin
	}
	return now.Sub(suspect.Seen) < freshProbe && !suspect.Restarting.IsZero() && now.Sub(suspect.Restarting) < within
}

// RestartingSince returns since when a member's own Patroni stops or restarts it in order, by its newest
// answer and what was known before; zero: it does neither. Patroni says "starting" at the end of a
// restart, and also of a server that died and is started again: only the first is in order.
func RestartingSince(before time.Time, m fact.PostgresMember) time.Time {
	is := m.State == "restarting" || m.State == "stopping" || m.State == "starting" && !before.IsZero()
	return fact.Since(before, is, m.Seen)
}
