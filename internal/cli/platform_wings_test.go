package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/compliance"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/journal/witness"
	scheduledoor "github.com/greenlang/fournines/internal/schedule/door"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
)

// What the wings answer and do.

func (p *platform) Faults(context.Context) ([]api.Fault, error) {
	s, err := p.Status(context.Background())
	return s.Faults, err
}

func (p *platform) InjectFault(ctx context.Context, kind, target string, d time.Duration, reason string) (string, error) {
	return p.operate(ctx, "-inject", "inject "+kind, fmt.Sprint(target, " ", d), reason)
}

func (p *platform) ClearFault(ctx context.Context, id string) error {
	if id != "fault-1" {
		return fmt.Errorf("fault %q: %w", id, api.ErrNotFound)
	}
	if err := state.Dry(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.did = append(p.did, "clear "+id)
	p.operations = append(p.operations, api.Operation{ID: id + "-clear", Kind: "fault.clear", Subject: id, State: "succeeded"})
	return nil
}

func (p *platform) Switchover(ctx context.Context, cluster, candidate, reason string) (string, error) {
	return p.operate(ctx, "", "switchover", cluster+candidate, reason)
}

func (p *platform) RestartKafka(ctx context.Context, region, reason string) (string, error) {
	return p.operate(ctx, "", "kafka-restart", region, reason)
}

func (p *platform) ResumeTopic(ctx context.Context, r availabilitydoor.ResumeRequest) (string, error) {
	what := r.Region + "/" + r.Topic
	if r.Skip != nil {
		what += fmt.Sprintf(" without %d:%d", r.Skip.Partition, r.Skip.Offset)
	}
	return p.operate(ctx, "", "kafka-resume", what, string(r.Reason))
}

func (p *platform) Mirrors(context.Context) ([]availabilitydoor.Mirror, error) {
	return []availabilitydoor.Mirror{{From: "us-east-1", To: "us-west-2", Health: api.Healthy, LagSeconds: 0.02, Sent: 100, Received: 99, Topics: []availabilitydoor.MirroredTopic{{Name: "runs", Records: 3}}}}, nil
}

func (p *platform) ObjectMirrors(context.Context) ([]availabilitydoor.ObjectMirror, error) {
	return []availabilitydoor.ObjectMirror{{From: "us-east-1", To: "us-west-2", Health: api.Progressing, LagSeconds: -1, Objects: 4, Compares: "the feed was lost",
		StuckCount: 1, Stuck: []availabilitydoor.ObjectStuck{{Key: "a//b", Why: "refused", Since: p.begun}}}}, nil
}

func (p *platform) Distances(context.Context) ([]availabilitydoor.Distance, error) {
	return []availabilitydoor.Distance{
		{From: "us-east-1", To: "us-west-2", Health: api.Healthy, DeclaredSeconds: 0.06, RoundTripSeconds: 0.0614, Heard: p.begun},
		{From: "us-west-2", To: "us-east-1", Health: api.Missing, Detail: "it is cut"},
	}, nil
}

func (p *platform) Homes(context.Context) ([]availabilitydoor.Home, error) {
	plan := availabilitydoor.MovePlan{Home: "us-east-1", From: "us-east-1", To: "us-west-2", Mode: "graceful", Ready: true, Reasons: []string{}, Steps: []string{"preflight", "promote"}, LagBytes: 18_400, LagSeconds: 0.8, Objects: 12, ObjectsLag: 1.3, Estimate: 3.9, Measured: 5, NoReturn: "promote", LastMoved: p.begun, LastReason: "exercise"}
	other := plan
	other.Home, other.Ready, other.Reasons, other.LagBytes, other.Objects, other.Measured, other.LossBound, other.LastMoved = "eu-west-1", false, []string{"eu-west-1 is fenced"}, -1, -1, 0, -1, time.Time{}
	return []availabilitydoor.Home{{Region: "us-east-1", Serving: "us-east-1", Cells: []int{0, 2}, Open: true, Plan: plan}, {Region: "eu-west-1", Serving: "eu-central-1", Cells: []int{1}, Plan: other}}, nil
}

func (p *platform) Routes(context.Context) ([]availabilitydoor.Route, error) {
	return []availabilitydoor.Route{
		{Region: "us-east-1", On: true, Open: true, Homes: []string{"us-east-1"}, Cells: []int{0, 2}, Ready: 2, Wanted: 3, Address: "127.1.0.1:8080", Answers: []availabilitydoor.RouteSeen{{Edge: "us-east-1", Up: true}, {Edge: "us-west-2"}}},
		{Region: "us-west-2", Why: "its switch is off"},
	}, nil
}

// PlanHome says that a home could be moved as its plan says, and that one could be moved
// ungracefully with a loss alone.
func (p *platform) PlanHome(ctx context.Context, restore bool, r availabilitydoor.MoveRequest) (availabilitydoor.MovePlan, error) {
	homes, err := p.Homes(ctx)
	for _, h := range homes {
		if h.Region != r.Region {
			continue
		}
		if slices.Contains(r.Without, "known") {
			h.Plan.Reasons, h.Plan.Ready, h.Plan.StuckCount = []string{fmt.Sprintf("without %q", r.Without)}, false, 2
		}
		if r.Mode == "ungraceful" {
			h.Plan.Mode, h.Plan.LossBound, h.Plan.Ready = r.Mode, 90, r.AcceptLoss
			if !r.AcceptLoss {
				h.Plan.Reasons = []string{"90 s of acknowledged writes could be lost"}
			}
		}
		return h.Plan, nil
	}
	return availabilitydoor.MovePlan{}, errors.Join(err, fmt.Errorf("nobody's home is %q: %w", r.Region, api.ErrNotFound))
}

// guard refuses a move that its plan refuses.
func (p *platform) guard(ctx context.Context, restore bool, r availabilitydoor.MoveRequest) error {
	plan, err := p.PlanHome(ctx, restore, r)
	if err == nil && !plan.Ready {
		err = fmt.Errorf("%w: %s", api.ErrRefused, plan.WhyNot())
	}
	return err
}

func (p *platform) Evacuate(ctx context.Context, r availabilitydoor.MoveRequest) (string, error) {
	if err := p.guard(ctx, false, r); err != nil {
		return "", err
	}
	asked := fmt.Sprintf("evacuate mode=%s practice=%t loss=%t dark=%t approved=%t", r.Mode, r.Practice, r.AcceptLoss, r.Dark, r.Approve)
	if len(r.Without) > 0 {
		asked += fmt.Sprintf(" without=%q", r.Without)
	}
	return p.operate(ctx, "", asked, r.Region, r.Reason)
}

func (p *platform) Restore(ctx context.Context, r availabilitydoor.MoveRequest) (string, error) {
	if err := p.guard(ctx, true, r); err != nil {
		return "", err
	}
	return p.operate(ctx, "", fmt.Sprintf("restore approved=%t", r.Approve), r.Region, r.Reason)
}

func (p *platform) Route(ctx context.Context, region string, on bool, reason string) error {
	return p.note(ctx, reason, "route", region, on)
}

func (p *platform) Witnesses(context.Context) (compliancedoor.Witnesses, error) {
	key, err := witness.NewKey("fournines.journal/witness")
	if err != nil {
		return compliancedoor.Witnesses{}, err
	}
	w := compliancedoor.Witnesses{
		Card: compliancedoor.Card{Log: p.journal.VerifierKey(), Witness: key.Public().String()}, Size: uint64(len(p.entries)),
		Peers:    []compliancedoor.Witness{{Peer: compliance.Peer{Name: "us-west-2", URL: "https://us-west-2.test:9999", Log: "l", Witness: "w"}, Cosigned: 8, At: p.begun, Watched: 4}, {Peer: compliance.Peer{Name: "eu-west-1"}}},
		Troubles: []compliance.Trouble{{Trouble: witness.Away, Witness: "eu-west-1", Since: p.begun, Detail: "connection refused", Entry: 3}}, Accusations: []compliance.Accusation{},
	}
	if p.is("rollback") {
		w.Accusations = append(w.Accusations, compliance.Accusation{ID: "5f", Kind: witness.Rollback, Text: "rollback of log eu-west-1", At: p.begun, Entry: 4})
	}
	return w, nil
}

func (p *platform) AddWitness(ctx context.Context, x compliance.Peer, reason string) error {
	return p.note(ctx, reason, "witness add", x.Name, x.URL)
}

func (p *platform) RemoveWitness(ctx context.Context, name, reason string) error {
	if name != "us-west-2" {
		return fmt.Errorf("witness %q: %w", name, api.ErrNotFound)
	}
	return p.note(ctx, reason, "witness remove", name)
}

func (p *platform) Person(_ context.Context, id string) (compliancedoor.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := compliancedoor.Person{Pseudonym: "pseudonym-of-" + id}
	if p.erased[id] {
		v.Erased = &api.Erasure{Person: v.Pseudonym, At: p.begun, Entry: 44}
	}
	return v, nil
}

func (p *platform) ErasePerson(ctx context.Context, id, reason string) (string, error) {
	operation, err := p.operate(ctx, "", "erase", id, reason)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erased[id] = err == nil
	return operation, err
}

func (p *platform) UnsealEntry(ctx context.Context, index uint64, reason string) (api.Entry, error) {
	if err := p.note(ctx, reason, "unseal", index); err != nil {
		return api.Entry{}, err
	}
	e, err := p.Entry(ctx, index)
	e.Data = []byte(`{"email":"ada@example.com"}`)
	return e, err
}

func (p *platform) probe() *compliancedoor.ArchiveProbe {
	holds := !p.is("locks")
	return &compliancedoor.ArchiveProbe{At: p.begun, Holds: holds, Attempts: []compliancedoor.ArchiveAttempt{
		{Name: "delete", Meaning: "delete the locked version", Held: holds, Detail: "refused: the object is locked"},
		{Name: "default-stamped", Meaning: "put without a lock", DefaultRule: true, Held: true},
	}}
}

func (p *platform) parts() []compliancedoor.PartEntry {
	var out []compliancedoor.PartEntry
	for i, r := range [][2]uint64{{5, 9}, {0, 5}} {
		e := compliancedoor.PartEntry{At: p.begun, Index: uint64(8 - 4*i)}
		e.First, e.Next, e.Tiles, e.RetainUntil = r[0], r[1], 3, p.begun.AddDate(7, 0, 0)
		e.Part.Key, e.Part.Version = fmt.Sprintf("part/%d.parquet", r[0]), "v1"
		out = append(out, e)
	}
	return out
}

func (p *platform) Archive(context.Context) (compliancedoor.Archive, error) {
	a := compliancedoor.Archive{Endpoint: "https://127.1.0.3:9000", Bucket: "journal", Embedded: true, Retention: 2557 * 86_400, Archived: 9, Waiting: 2, Parts: 2, Objects: 14, Bytes: 3 << 20, Last: &p.parts()[0].ArchivedPart, LastIn: 8, Probe: p.probe(), ProbeIn: 7}
	if p.is("bucket") {
		a.Failure, a.FailureIn = &archive.Failed{Since: p.begun, Error: "no such bucket"}, 6
	}
	return a, nil
}

func (p *platform) ArchiveParts(_ context.Context, before uint64, limit int) (api.Page[compliancedoor.PartEntry], error) {
	var page api.Page[compliancedoor.PartEntry]
	for _, e := range p.parts() {
		if before > 0 && e.Index >= before {
			continue
		}
		if len(page.Items) == limit {
			page.Next = fmt.Sprint(page.Items[len(page.Items)-1].Index)
			break
		}
		page.Items = append(page.Items, e)
	}
	return page, nil
}

func (p *platform) ProbeArchive(ctx context.Context) (compliancedoor.ArchiveProbe, uint64, error) {
	return *p.probe(), 7, p.note(ctx, "", "archive probe")
}

func (p *platform) Schedules(context.Context) ([]scheduledoor.Schedule, error) {
	next := []time.Time{p.begun.Add(time.Hour), p.begun.Add(25 * time.Hour)}
	return []scheduledoor.Schedule{
		{Name: "backup-full", Does: "Takes a full backup.", Cron: "0 2 * * *", Zone: "UTC", State: "waiting", Next: next, Newest: &scheduledoor.ScheduleOutcome{Key: "backup-full@1", State: "failed", Error: "no space", Ended: p.begun}, Failures: 1},
		{Name: "restore-test", Does: "Restores into staging.", Cron: "0 4 1 * *", Zone: "Europe/Berlin", State: "paused", Next: next, Pause: &scheduledoor.SchedulePause{By: "token:ann", Reason: "staging moves", At: p.begun}},
	}, nil
}

func (p *platform) PauseSchedule(ctx context.Context, name string, until time.Time, reason string) error {
	if err := p.schedule(name); err != nil {
		return err
	}
	if until.IsZero() {
		return p.note(ctx, reason, "pause", name)
	}
	return p.note(ctx, reason, "pause", name, "for a time")
}

func (p *platform) ResumeSchedule(ctx context.Context, name string, skip bool, reason string) error {
	if err := p.schedule(name); err != nil {
		return err
	}
	return p.note(ctx, reason, "resume", name, skip)
}

func (p *platform) schedule(name string) error {
	return spec.Among("schedule", name, []string{"backup-full", "restore-test"})
}
