package consoletest

import (
	"time"

	"github.com/greenlang/fournines/internal/api"
)

func step(name, state string, begun, took time.Duration, detail string, entry uint64) api.Step {
	s := api.Step{Name: name, State: state, Detail: detail, Journal: entry}
	if begun > 0 {
		s.Begun = before(begun)
		if took > 0 {
			s.Ended = s.Begun.Add(took)
		}
	}
	return s
}

func runningOperation() api.Operation {
	return api.Operation{
		ID: "switchover/us-east-1/postgres/3", Kind: "postgres.switchover", Subject: "us-east-1/postgres", State: "running", Actor: "operator",
		Reason: "kernel update of zone a", Begun: before(4 * time.Second), First: 255, Last: 258,
		Steps: []api.Step{
			step("check_candidate", "succeeded", 4*time.Second, 310*time.Millisecond, "us-east-1/b/postgres has replayed 0/5A01B28, nothing is missing", 256),
			step("hold_sessions", "succeeded", 3690*time.Millisecond, 90*time.Millisecond, "the edge holds 31 sessions", 257),
			step("promote", "running", 3600*time.Millisecond, 0, "waiting for timeline 8", 258),
			step("release_sessions", "waiting", 0, 0, "", 0),
			step("verify_one_leader", "waiting", 0, 0, "", 0),
		},
	}
}

func waitingOperation() api.Operation {
	return api.Operation{
		ID: "failover/us-east-1/redis/2", Kind: "redis.failover", Subject: "us-east-1/redis", State: "waiting-approval", Actor: "availability",
		Reason: "the master's host reports memory errors", Begun: before(2 * time.Minute), First: 244, Last: 245,
		Steps: []api.Step{step("check_quorum", "waiting", 0, 0, "", 0), step("failover", "waiting", 0, 0, "", 0), step("verify_one_master", "waiting", 0, 0, "", 0)},
	}
}

func pastOperations() []api.Operation {
	return []api.Operation{
		{ID: "failover/us-east-1/postgres/11", Kind: "postgres.failover", Subject: "us-east-1/postgres", State: "succeeded", Actor: "availability", Reason: "primary refuses new connections, seen by 3 of 3 observers",
			Begun: before(52 * time.Minute), Ended: before(52*time.Minute - 1840*time.Millisecond), First: 101, Last: 112,
			Steps: []api.Step{
				step("suspect", "succeeded", 52*time.Minute, 1100*time.Millisecond, "3 of 3 observers", 102), step("fence", "succeeded", 52*time.Minute-1100*time.Millisecond, 140*time.Millisecond, "killed and proven gone", 105),
				step("revoke_lease", "succeeded", 52*time.Minute-1240*time.Millisecond, 20*time.Millisecond, "", 107), step("verify", "succeeded", 52*time.Minute-1260*time.Millisecond, 580*time.Millisecond, "one leader, takes writes", 112),
			}},
		{ID: "switchover/us-east-1/postgres/2", Kind: "postgres.switchover", Subject: "us-east-1/postgres", State: "rolled-back", Actor: "operator", Reason: "kernel update of zone b", Error: "promote us-east-1/c/postgres: it fell 12 MB behind while sessions were held",
			Begun: before(3 * time.Hour), Ended: before(3*time.Hour - 4*time.Second), First: 61, Last: 70,
			Steps: []api.Step{step("check_candidate", "succeeded", 3*time.Hour, 300*time.Millisecond, "", 63), step("hold_sessions", "undone", 3*time.Hour-300*time.Millisecond, 3*time.Second, "released again", 69), step("promote", "failed", 3*time.Hour-time.Second, 2*time.Second, "12 MB behind", 68)}},
		{ID: "failover/us-east-1/redis/1", Kind: "redis.failover", Subject: "us-east-1/redis", State: "refused", Actor: "operator", Reason: "try", Error: "no quorum: 1 of 3 sentinels answers", Begun: before(5 * time.Hour), Ended: before(5 * time.Hour), First: 40, Last: 41,
			Steps: []api.Step{step("check_quorum", "failed", 5*time.Hour, 40*time.Millisecond, "1 of 3", 41), step("failover", "skipped", 0, 0, "", 0)}},
	}
}

func catalogue() []api.DrillInfo {
	return []api.DrillInfo{
		{Name: "zone-loss", Description: "Kills every process of the primary's zone under load and waits until all services write again.", Rows: []string{"7.1.8", "7.1.4", "7.1.5"},
			BlastRadius: "One of three zones of us-east-1. Writes pause for the gap that is measured; reads go on from the other zones.", Verifies: "Every acknowledged write is read back from the new primary; the gap is measured by a client outside.", Command: "fournines drill zone-loss", Reaches: true},
		{Name: "primary-hang", Description: "Stops only the postmaster of the primary: sessions go on, new connections hang.", Rows: []string{"7.1.8"},
			BlastRadius: "us-east-1/postgres. New connections wait until another leads.", Verifies: "Acknowledged writes, write gap, and that the old primary never writes again.", Command: "fournines drill primary-hang", Reaches: true},
		{Name: "redis-loss", Description: "Kills the Redis master under load.", Rows: []string{"7.1.5"},
			BlastRadius: "us-east-1/redis. Writes wait for a new master.", Verifies: "Writes come back; lost writes are counted and bounded.", Command: "fournines drill redis-loss", Reaches: true},
		{Name: "switchover", Description: "Moves the primary on purpose, without a client error.", Rows: []string{"7.1.4"},
			BlastRadius: "us-east-1/postgres. The edge holds sessions for the time it takes.", Verifies: "No client saw an error; one leader; nothing lost.", Command: "fournines drill switchover", Reaches: true},
		{Name: "control-plane-loss", Description: "Kills the server that leads.", Rows: []string{"7.1.9"}, Lacks: "one server alone is no control plane that outlives a loss: run `fournines down`, then `fournines up --servers 3`",
			BlastRadius: "None for customers.", Verifies: "Every acknowledged audit event is in the journal, once.", Command: "fournines drill control-plane-loss"},
	}
}

func drillReports() []api.DrillReport {
	objective := func(name, unit, compare string, target, measured float64, met bool) api.Objective {
		return api.Objective{Name: name, Unit: unit, Compare: compare, Target: target, Measured: measured, Met: met}
	}
	return []api.DrillReport{
		{ID: "drill-0041", Drill: "zone-loss", Verdict: "pass", Actor: "operator", Begun: before(54 * time.Minute), Ended: before(53 * time.Minute), Journal: api.Range{First: 96, Last: 117},
			Objectives: []api.Objective{
				objective("writes_acknowledged", "count", "at-least", 1000, 21904, true), objective("writes_lost", "count", "at-most", 0, 0, true),
				objective("write_gap", "seconds", "at-most", 30, 1.84, true), objective("detect", "seconds", "at-most", 5, 1.1, true), objective("recover", "seconds", "at-most", 60, 22.4, true),
			},
			Steps: []api.Step{
				step("load", "succeeded", 54*time.Minute, 10*time.Second, "365 writes a second through the edge", 97), step("kill_zone", "succeeded", 54*time.Minute-10*time.Second, 200*time.Millisecond, "us-east-1/a: 6 processes", 99),
				step("wait_for_writes", "succeeded", 54*time.Minute-10200*time.Millisecond, 1840*time.Millisecond, "first acknowledged write on us-east-1/b", 108), step("wait_for_health", "succeeded", 54*time.Minute-12*time.Second, 22*time.Second, "20 of 20 healthy", 114),
				step("verify_writes", "succeeded", 54*time.Minute-34*time.Second, 26*time.Second, "21 904 read back, 0 missing", 117),
			}},
		{ID: "drill-0040", Drill: "primary-hang", Verdict: "fail", Actor: "schedule", Begun: before(26 * time.Hour), Ended: before(26*time.Hour - 80*time.Second), Journal: api.Range{First: 12, Last: 31},
			Objectives: []api.Objective{
				objective("writes_lost", "count", "at-most", 0, 0, true), objective("write_gap", "seconds", "at-most", 30, 34.2, false), objective("detect", "seconds", "at-most", 5, 2.4, true),
			},
			Steps: []api.Step{step("load", "succeeded", 26*time.Hour, 10*time.Second, "", 14), step("hang", "succeeded", 26*time.Hour-10*time.Second, time.Second, "", 16), step("wait_for_writes", "failed", 26*time.Hour-11*time.Second, 35*time.Second, "the candidate was behind", 29), step("verify_writes", "succeeded", 26*time.Hour-46*time.Second, 34*time.Second, "", 31)}},
	}
}
