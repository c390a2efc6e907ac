// Package api is the door for programs: the JSON shapes fournines answers with,
// and the HTTP handlers that serve them. `fournines … -o json` prints the same
// shapes, and the console draws them, so a figure can never differ between doors.
//
// Shapes are additive only: a field, once published, keeps its name and meaning.
// Times are RFC 3339 in UTC; durations are seconds as numbers and say so in
// their name (`…_seconds`). A list is at most 100 items a page (row 7.6.3).
package api

import (
	"encoding/json"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/recovery"
	"github.com/greenlang/fournines/internal/wing"
)

// Shapes that are the core's own.
type (
	// DrillReport is what a drill proves. Every wing's drills report in this shape.
	DrillReport = drill.Report
	// Objective is one thing a drill promises and what it measured.
	Objective = drill.Objective
	// Step is one step of an operation or a drill.
	Step = drill.Step
	// Range is a range of journal indexes, both ends included.
	Range = drill.Range
	// Readiness answers for one cluster: could I fail over right now, to whom, and if not why not (row 7.1.8).
	Readiness = availability.Readiness
	// Sync says whether a component is what its spec declares.
	Sync = availability.Sync
	// Health says whether a component does its work, whatever its spec says.
	Health = availability.Health
	// Component is one thing that runs: an engine process, an application instance, an edge.
	Component = availability.Component
	// Measured is an availability.
	Measured = evidence.Measured
	// Figure is a set of measured values.
	Figure = evidence.Figure
	// Incident is a time in which customers were failed.
	Incident = evidence.Incident
	// Burn is how fast the error budget is being spent.
	Burn = evidence.Burn
	// Finding is something that needs a person.
	Finding = wing.Finding
	// Restorable answers for one region: could its data be restored right now, and to when (section 7.2).
	Restorable = recovery.Restorable
	// TaskStatus is how a task in the background is doing.
	TaskStatus = wing.TaskStatus
	// Point is how much of the error budget was spent at a moment.
	Point = evidence.Point
)

// The values of Sync and of Health.
const (
	InSync        = availability.InSync
	OutOfSync     = availability.OutOfSync
	SyncUnknown   = availability.SyncUnknown
	Healthy       = availability.Healthy
	Progressing   = availability.Progressing
	Suspended     = availability.Suspended
	Degraded      = availability.Degraded
	Missing       = availability.Missing
	HealthUnknown = availability.HealthUnknown
)

// Relation is one thing that two components have with each other, drawn as a line.
type Relation struct {
	From   string `json:"from" doc:"component id"`
	To     string `json:"to" doc:"component id"`
	Kind   string `json:"kind" doc:"replication, traffic or quorum"`
	Health Health `json:"health"`
	Label  string `json:"label,omitempty" doc:"for example: lag 0 B"`
}

// Region is one region with everything that runs in it.
type Region struct {
	Name       string      `json:"name"`
	Role       string      `json:"role" doc:"active or passive"`
	Pair       string      `json:"pair" doc:"the region that takes over for it, or that it takes over for"`
	Running    bool        `json:"running" doc:"false where the spec declares it and this installation does not run it"`
	Applied    bool        `json:"application" doc:"its application is to run: the region serves customers, or is about to"`
	Zones      []string    `json:"zones"`
	Components []Component `json:"components"`
	Links      []Relation  `json:"links"`
	Readiness  []Readiness `json:"readiness" doc:"could each cluster fail over right now"`
}

// Lacks says in words what keeps the region from being whole; nothing where it is.
func (r Region) Lacks() []string { return availability.Lacks(r.Components, r.Readiness) }

// Availability is what customers saw, from the edge's own counters (rows 7.1.12, 7.5.4).
type Availability struct {
	Since          time.Time `json:"since"`
	Until          time.Time `json:"until"`
	Target         float64   `json:"target" doc:"ratio, 0.9999"`
	BlastTarget    float64   `json:"blast_target" doc:"largest share of customers that one failure may reach, as the spec declares it"`
	CustomerRatio  *float64  `json:"customer_ratio" doc:"each customer cell-second weighs as its customers; null while no customer was served or failed"`
	RequestRatio   *float64  `json:"request_ratio" doc:"good requests over all requests; null when there were none"`
	Requests       uint64    `json:"requests"`
	Failed         uint64    `json:"failed"`
	BudgetSeconds  float64   `json:"budget_seconds" doc:"error budget of a year at the target, customer-weighted"`
	SpentSeconds   float64   `json:"spent_seconds"`
	RemainingRatio *float64  `json:"remaining_ratio" doc:"share of the year's budget that is left, below 0 when overspent; null while the customers' ratio is"`
	JournalFirst   uint64    `json:"journal_first" doc:"first entry the figure is computed from"`
	JournalLast    uint64    `json:"journal_last"`
	PerMinute      []Minute  `json:"per_minute,omitempty" doc:"the newest 60 minutes, oldest first"`
}

// Evidence is what the journal proves of a window.
type Evidence struct {
	From      time.Time  `json:"from"`
	To        time.Time  `json:"to"`
	Of        string     `json:"of" doc:"which incidents and drills the figures count: real, practice or both"`
	Target    float64    `json:"target" doc:"of the customers' availability"`
	Platform  Measured   `json:"platform" doc:"in the scope that was asked for"`
	Regions   []Measured `json:"regions"`
	Cells     []Measured `json:"cells"`
	Services  []Measured `json:"services"`
	Budget    Budget     `json:"budget"`
	BurnDown  []Point    `json:"burn_down" doc:"61 points of the window, both ends included"`
	Burn      []Burn     `json:"burn"`
	Figures   []Figure   `json:"figures"`
	Incidents []Incident `json:"incidents" doc:"the newest 100, the newest first"`
}

// Budget is the error budget of a window.
type Budget struct {
	Allowed   float64  `json:"allowed_seconds" doc:"customer-weighted downtime that the target allows in the whole window"`
	Spent     float64  `json:"spent_seconds"`
	Remaining *float64 `json:"remaining" doc:"share that is left, below 0 when overspent; null where nothing was counted"`
}

// Minute is one minute of traffic at the edge.
type Minute struct {
	At       time.Time `json:"at"`
	Requests uint64    `json:"requests"`
	Failed   uint64    `json:"failed"`
}

// Status is the platform at a glance.
type Status struct {
	Platform     string       `json:"platform"`
	Version      string       `json:"version"`
	At           time.Time    `json:"at"`
	Regions      []Region     `json:"regions"`
	Availability Availability `json:"availability"`
	Findings     []Finding    `json:"findings" doc:"what needs a person, most severe first"`
	Faults       []Fault      `json:"faults" doc:"faults injected now"`
	Operations   []Operation  `json:"operations" doc:"operations that run now"`
	Journal      JournalHead  `json:"journal"`
	Recovery     []Restorable `json:"recovery" doc:"could the data of each region that runs here be restored right now, and to when"`
	Pairs        []Pair       `json:"pairs" doc:"copies across regions, as they are now"`
	Servers      []Server     `json:"servers" doc:"of the control plane"`
}

// JournalHead is the journal's size and tree head.
type JournalHead struct {
	Size uint64 `json:"size" doc:"number of entries; the newest has index size-1"`
	Root string `json:"root" doc:"RFC 6962 tree head over all entries, hexadecimal"`
}

// Operation is one controlled action: request → guard → approve → act → verify → record.
type Operation struct {
	ID      string    `json:"id" doc:"the idempotency key"`
	Kind    string    `json:"kind" doc:"for example postgres.failover"`
	Subject string    `json:"subject"`
	State   string    `json:"state" doc:"waiting-approval, running, succeeded, failed, refused or rolled-back"`
	Actor   string    `json:"actor"`
	Reason  string    `json:"reason,omitempty"`
	Error   string    `json:"error,omitempty"`
	Begun   time.Time `json:"begun"`
	Ended   time.Time `json:"ended,omitzero"`
	Steps   []Step    `json:"steps"`
	First   uint64    `json:"journal_first"`
	Last    uint64    `json:"journal_last"`
}

// DrillInfo describes a drill that can be run.
type DrillInfo struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Rows        []string `json:"rows" doc:"ids of the specification's rows it proves"`
	BlastRadius string   `json:"blast_radius"`
	Verifies    string   `json:"verifies"`
	Command     string   `json:"command"`
	Reaches     bool     `json:"reaches_customers" doc:"customers may feel it: a person confirms it"`
	Lacks       string   `json:"lacks,omitempty" doc:"why it cannot run here, and what to do; absent where it can"`
}

// Fault is one injected fault; it is a lease and ends by itself at Until.
type Fault struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind" doc:"one of /v1/faults/kinds"`
	Target  string    `json:"target" doc:"component id, server, REGION/ZONE, REGION, or REGION:OTHER for the links between two"`
	State   string    `json:"state" doc:"injecting, active, ended"`
	Reason  string    `json:"reason,omitempty"`
	Begun   time.Time `json:"begun"`
	Until   time.Time `json:"until"`
	Journal uint64    `json:"journal,omitempty"`
}

// Entry is one record of the journal.
type Entry struct {
	Index     uint64          `json:"index"`
	Time      time.Time       `json:"time"`
	Kind      string          `json:"kind"`
	Subject   string          `json:"subject,omitempty"`
	Operation string          `json:"operation,omitempty" doc:"idempotency key that groups the entries of one operation, drill or fault"`
	Actor     string          `json:"actor,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Trace     string          `json:"trace,omitempty" doc:"OpenTelemetry trace id, 32 hexadecimal digits"`
	Approval  string          `json:"approval,omitempty" doc:"who said yes"`
	Data      json.RawMessage `json:"data,omitempty"`
	Hash      string          `json:"hash" doc:"RFC 6962 leaf hash, hexadecimal"`
	Sealed    []string        `json:"sealed_for,omitempty" doc:"pseudonyms of the persons whose data stand sealed in data"`
	Erased    []Erasure       `json:"erased,omitempty" doc:"those of them who were erased: their data cannot be read any more"`
}

// Erasure says when a person's key was destroyed, and which entry says so.
type Erasure struct {
	Person string    `json:"person" doc:"pseudonym"`
	At     time.Time `json:"at"`
	Entry  uint64    `json:"entry"`
}
