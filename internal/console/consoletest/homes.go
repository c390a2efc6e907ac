package consoletest

import (
	"time"

	"github.com/greenlang/fournines/internal/api"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
)

// fixtureHomes are one home that could be moved, though not without its region, and one
// that was moved and has not come home.
func fixtureHomes() []availabilitydoor.Home {
	steps := []string{"preflight", "warm", "hold", "fence", "demote", "promote", "scale", "switch", "resume", "verify"}
	plan := func(from, to, mode string) availabilitydoor.MovePlan {
		return availabilitydoor.MovePlan{
			Home: "us-east-1", From: from, To: to, Mode: mode, Ready: true, Reasons: []string{}, Steps: steps, LagBytes: 18_400, LagSeconds: 0.8, Objects: 12, ObjectsLag: 1.3,
			Estimate: 3.9, Measured: 5, NoReturn: "promote", LastMoved: before(26 * time.Hour), At: Noon(),
		}
	}
	east := availabilitydoor.Home{
		Region: "us-east-1", Serving: "us-east-1", Cells: []int{0, 2, 4, 6, 8, 10}, Open: true, Journal: 77, Judged: before(3 * time.Hour), Verdict: 78,
		Plan: plan("us-east-1", "us-west-2", "graceful"), Lost: plan("us-east-1", "us-west-2", "ungraceful"),
	}
	east.Lost.Measured, east.Lost.Estimate, east.Lost.LossBound = 0, 0, 0.8
	west := availabilitydoor.Home{
		Region: "eu-west-1", Serving: "eu-central-1", Cells: []int{1, 3, 5, 7, 9, 11}, Open: true, Fenced: "fire in the building", Journal: 140, Judged: before(40 * time.Minute), Verdict: 141,
		Plan: plan("eu-central-1", "eu-west-1", "graceful"), Lost: plan("eu-central-1", "eu-west-1", "ungraceful"),
	}
	west.Plan.Home, west.Lost.Home = "eu-west-1", "eu-west-1"
	for _, p := range []*availabilitydoor.MovePlan{&west.Plan, &west.Lost} {
		p.LagBytes, p.LagSeconds, p.Objects, p.ObjectsLag = -1, -1, -1, -1
		p.Steps = append([]string{"follow", "lift", "copy", "catch-up"}, steps...)
	}
	west.Lost.Ready, west.Lost.LossBound, west.Lost.Reasons = false, -1, []string{"eu-west-1 is fenced since 2026-11-23T11:20:00Z (fire in the building): restore it first with `fournines restore`"}
	return []availabilitydoor.Home{east, west}
}

func fixtureRoutes() []availabilitydoor.Route {
	seen := func(up bool) []availabilitydoor.RouteSeen {
		out := []availabilitydoor.RouteSeen{{Edge: "us-east-1", Up: true, Since: before(time.Hour)}, {Edge: "us-west-2", Up: up, Since: before(time.Hour)}}
		if !up {
			out[1].Error = "dial tcp 127.1.0.1:8080: i/o timeout"
		}
		return out
	}
	return []availabilitydoor.Route{
		{Region: "us-east-1", On: true, Open: true, Address: "127.1.0.1:8080", Homes: []string{"us-east-1"}, Cells: []int{0, 2, 4, 6, 8, 10}, Ready: 2, Wanted: 3, Spare: true, Answers: seen(false)},
		{Region: "us-west-2", On: false, Why: "its switch is off", Address: "127.4.0.1:8080", Homes: []string{}, Cells: []int{}, Ready: 0, Wanted: 3, Spare: true, Answers: seen(true)},
		{Region: "eu-central-1", On: true, Open: true, Address: "127.5.0.1:8080", Homes: []string{"eu-west-1"}, Cells: []int{1, 3, 5, 7, 9, 11}, Ready: 3, Wanted: 3, Answers: []availabilitydoor.RouteSeen{}},
	}
}

func fixturePairs() []api.Pair {
	return []api.Pair{
		{From: "us-east-1", To: "us-west-2", Health: api.Healthy, LagBytes: 18_400, LagSeconds: 0.8, Objects: 12, ObjectsLag: 1.3, DeclaredSeconds: 0.06, RoundTripSeconds: 0.0614},
		{From: "eu-central-1", To: "eu-west-1", Health: api.HealthUnknown, LagBytes: -1, LagSeconds: -1, Objects: -1, ObjectsLag: -1, Detail: "eu-west-1 is fenced"},
	}
}
