// Package consoletest is a platform for tests of pages: a fixture that answers what every door
// asks, the console over it, and the comparison of a page with a golden that a person has
// reviewed.
package consoletest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Noon is the fixture's clock: pages drawn from it never change.
func Noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func before(d time.Duration) time.Time { return Noon().Add(-d) }

// Fixture is a platform in the middle of some trouble: a frozen application
// instance, a lagging replica, a setting that drifted, an operation under way.
type Fixture struct {
	mu        sync.Mutex
	StatusNow api.Status
	entries   []api.Entry
	reports   []api.DrillReport
	past      []api.Operation
	subs      map[chan uint64]bool
	Asked     []string // what was asked, in order
	Refuse    error    // what every verb answers, when set
	Broken    error    // what Status answers, when set
	Proof     compliancedoor.Verification
}

func New() *Fixture {
	f := &Fixture{subs: map[chan uint64]bool{}, reports: drillReports(), past: pastOperations()}
	f.entries = journalEntries(260)
	f.entries[230].Sealed = []string{"V2ByeAb0kNCxXyeFtiQUcGBlihrf7djD", "p9QyeAb0kNCxXyeFtiQUcGBlihrf7djE"}
	f.entries[230].Erased = []api.Erasure{{Person: f.entries[230].Sealed[1], At: before(time.Hour), Entry: 240}}
	f.StatusNow = api.Status{
		Platform: "greenlang", Version: "0.1.0-test", At: Noon(), Regions: fixtureRegions(),
		Availability: availability(), Pairs: fixturePairs(), Servers: fixtureServers(), Findings: findings(), Faults: fixtureFaults()[:1], Operations: []api.Operation{runningOperation(), waitingOperation()},
	}
	f.StatusNow.Journal = f.head()
	f.Proof = compliancedoor.Verification{OK: true, Size: f.StatusNow.Journal.Size, Root: f.StatusNow.Journal.Root, At: Noon(), Seconds: 0.042}
	return f
}

func (f *Fixture) head() api.JournalHead {
	hash := sha256.New()
	for _, e := range f.entries {
		hash.Write([]byte(e.Hash))
	}
	return api.JournalHead{Size: uint64(len(f.entries)), Root: hex.EncodeToString(hash.Sum(nil))}
}

// Advance makes something happen: one more entry and one more finding.
func (f *Fixture) Advance() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	index := uint64(len(f.entries))
	f.entries = append(f.entries, entryAt(index, Noon(), "fact.changed", "us-east-1/b/etcd", "", "node"))
	f.StatusNow.Journal = f.head()
	f.StatusNow.Findings = append(slices.Clone(f.StatusNow.Findings), api.Finding{
		Code: "disk-fills", Severity: "notice", Subject: "us-east-1/b", Since: Noon(),
		Title: fmt.Sprintf("Disk of zone b fills: change %d", index),
		Text:  "The data disk is 81 % full and grows by 2 GB a day. Grow it, or lower the retention.",
	})
	f.reports = slices.Clone(f.reports)
	f.reports[0].Actor = fmt.Sprintf("operator-%d", index)
	for sub := range f.subs {
		select {
		case sub <- index:
		default:
		}
	}
	return index
}

func (f *Fixture) Status(context.Context) (api.Status, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.StatusNow, f.Broken
}

func (f *Fixture) Region(_ context.Context, name string) (api.Region, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.StatusNow.Regions {
		if r.Name == name {
			return r, nil
		}
	}
	return api.Region{}, fmt.Errorf("region %q is not in the spec: %w", name, api.ErrNotFound)
}

func (f *Fixture) Faults(context.Context) ([]api.Fault, error) { return fixtureFaults(), nil }

func (f *Fixture) Tasks(context.Context) ([]api.TaskStatus, error) {
	return []api.TaskStatus{
		{Wing: "chaos", Name: "end-faults", Does: "Records the faults that are over and left no trace.", Every: 0.25, Rounds: 4210, Failures: 3, Began: Noon(), Ended: Noon(), Took: 0.002},
		{Wing: "recovery", Name: "retention", Does: "Expires what the retention set no longer keeps.", Every: 3600, Rounds: 2, Failures: 2, Began: Noon(), Ended: Noon(), Took: 1.5, Error: "list bucket journal: connection refused", Failing: Noon()},
		{Wing: "server", Name: "decide", Does: "Runs the deciders whenever facts change.", Began: Noon()},
	}, nil
}

func (f *Fixture) all() []api.Operation {
	return append([]api.Operation{runningOperation(), waitingOperation()}, f.past...)
}

func (f *Fixture) Operations(_ context.Context, filter api.OperationFilter) (api.Page[api.Operation], error) {
	var page api.Page[api.Operation]
	for _, o := range f.all() {
		if (filter.State == "" || o.State == filter.State) && (filter.Kind == "" || o.Kind == filter.Kind) && (filter.Subject == "" || o.Subject == filter.Subject) {
			page.Items = append(page.Items, o)
		}
	}
	return page, nil
}

func (f *Fixture) Operation(_ context.Context, id string) (api.Operation, error) {
	for _, o := range f.all() {
		if o.ID == id {
			return o, nil
		}
	}
	return api.Operation{}, fmt.Errorf("operation %q: %w", id, api.ErrNotFound)
}

func (f *Fixture) DrillCatalogue(context.Context) ([]api.DrillInfo, error) { return catalogue(), nil }

func (f *Fixture) DrillReports(context.Context) ([]api.DrillReport, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reports, nil
}

func (f *Fixture) DrillReport(_ context.Context, id string) (api.DrillReport, error) {
	for _, r := range drillReports() {
		if r.ID == id {
			return r, nil
		}
	}
	return api.DrillReport{}, fmt.Errorf("drill report %q: %w", id, api.ErrNotFound)
}

func (f *Fixture) Entries(_ context.Context, filter api.EntryFilter) (api.Page[api.Entry], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var page api.Page[api.Entry]
	for _, e := range slices.Backward(f.entries) {
		if e.Index < filter.From || (filter.Before != 0 && e.Index >= filter.Before) || !kindFits(filter.Kind, e.Kind) ||
			(filter.Subject != "" && e.Subject != filter.Subject) || (filter.Operation != "" && e.Operation != filter.Operation) {
			continue
		}
		if len(page.Items) == filter.Limit {
			page.Next = strconv.FormatUint(page.Items[len(page.Items)-1].Index, 10)
			break
		}
		page.Items = append(page.Items, e)
	}
	return page, nil
}

func kindFits(want, kind string) bool {
	return want == "" || want == kind || (strings.HasSuffix(want, ".") && strings.HasPrefix(kind, want))
}

func (f *Fixture) Entry(_ context.Context, index uint64) (api.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if index >= uint64(len(f.entries)) {
		return api.Entry{}, fmt.Errorf("the journal has %d entries: %w", len(f.entries), api.ErrNotFound)
	}
	return f.entries[index], nil
}

func (f *Fixture) Verify(context.Context) (compliancedoor.Verification, error) { return f.Proof, nil }

func (f *Fixture) Changes(ctx context.Context) <-chan uint64 {
	sub := make(chan uint64, 1)
	f.mu.Lock()
	f.subs[sub] = true
	f.mu.Unlock()
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		delete(f.subs, sub)
		f.mu.Unlock()
	})
	return sub
}

// did records what was asked of Actions.
func (f *Fixture) did(id string, words ...any) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Asked = append(f.Asked, strings.TrimSuffix(fmt.Sprintln(words...), "\n"))
	return id, f.Refuse
}

func (f *Fixture) RunDrill(_ context.Context, name, reason string) (string, error) {
	return f.did("drill-0042", "drill", name, reason)
}

func (f *Fixture) RecordDrill(context.Context, int, api.DrillReport) (api.DrillReport, error) {
	return api.DrillReport{}, api.ErrRefused
}

func (f *Fixture) InjectFault(_ context.Context, kind, target string, d time.Duration, reason string) (string, error) {
	return f.did("fault-8", "inject", kind, target, d, reason)
}

func (f *Fixture) ClearFault(_ context.Context, id string) error {
	_, err := f.did("", "clear", id)
	return err
}

func (f *Fixture) ObjectMirrors(context.Context) ([]availabilitydoor.ObjectMirror, error) {
	return nil, nil
}

func (f *Fixture) Mirrors(context.Context) ([]availabilitydoor.Mirror, error) { return nil, nil }

func (f *Fixture) Distances(context.Context) ([]availabilitydoor.Distance, error) { return nil, nil }

func (f *Fixture) ResumeTopic(context.Context, availabilitydoor.ResumeRequest) (string, error) {
	return "", api.ErrNotFound
}

func (f *Fixture) RestartKafka(context.Context, string, string) (string, error) {
	return "", api.ErrNotFound
}

func (f *Fixture) Switchover(_ context.Context, cluster, candidate, reason string) (string, error) {
	return f.did("switchover/us-east-1/postgres/7", "switchover", cluster, candidate, reason)
}

// PlanHome is the plan that the fixture's home has.
func (f *Fixture) PlanHome(_ context.Context, _ bool, r availabilitydoor.MoveRequest) (availabilitydoor.MovePlan, error) {
	for _, h := range fixtureHomes() {
		if h.Region == r.Region {
			return h.Plan, nil
		}
	}
	return availabilitydoor.MovePlan{}, api.ErrNotFound
}

func (f *Fixture) Homes(context.Context) ([]availabilitydoor.Home, error) { return fixtureHomes(), nil }

func (f *Fixture) Routes(context.Context) ([]availabilitydoor.Route, error) {
	return fixtureRoutes(), nil
}

func (f *Fixture) Evacuate(_ context.Context, r availabilitydoor.MoveRequest) (string, error) {
	return f.did("evacuate-1", "evacuate", r.Region, r.Mode, r.Reason)
}

func (f *Fixture) Restore(_ context.Context, r availabilitydoor.MoveRequest) (string, error) {
	return f.did("restore-1", "restore", r.Region, r.Reason)
}

func (f *Fixture) Route(_ context.Context, region string, on bool, reason string) error {
	_, err := f.did("", "route", region, strconv.FormatBool(on), reason)
	return err
}

func (f *Fixture) Approve(_ context.Context, id, reason string) error {
	_, err := f.did("", "approve", id, reason)
	return err
}

func (f *Fixture) Deny(_ context.Context, id, reason string) error {
	_, err := f.did("", "deny", id, reason)
	return err
}

func (f *Fixture) UnsealEntry(ctx context.Context, index uint64, reason string) (api.Entry, error) {
	if _, err := f.did("", "unseal", strconv.FormatUint(index, 10), reason); err != nil {
		return api.Entry{}, err
	}
	e, err := f.Entry(ctx, index)
	e.Data = json.RawMessage(`{"tenant":"acme","personal":{"email":"ada@example.com"}}`)
	return e, err
}

func (f *Fixture) Person(_ context.Context, id string) (compliancedoor.Person, error) {
	return compliancedoor.Person{Pseudonym: "of-" + id}, nil
}

func (f *Fixture) ErasePerson(_ context.Context, id, reason string) (string, error) {
	return f.did("erase-1", "erase", id, reason)
}

// journalEntries are the newest n entries' worth of a day's work, oldest first.
func journalEntries(n int) []api.Entry {
	kinds := []struct{ kind, subject, actor string }{
		{"fact.changed", "us-east-1/c/postgres", "node"}, {"availability.minute", "us-east-1/edge", "edge"},
		{"probe.failed", "us-east-1/c/greenlang", "edge"}, {"breaker.opened", "us-east-1/c/greenlang", "edge"},
		{"operation.requested", "us-east-1/postgres", "operator"}, {"operation.step", "us-east-1/postgres", "server"},
		{"fault.injected", "us-east-1/c/greenlang", "operator"},
	}
	list := make([]api.Entry, 0, n)
	for i := range n {
		k := kinds[i%len(kinds)]
		operation := ""
		if strings.HasPrefix(k.kind, "operation.") {
			operation = fmt.Sprintf("switchover/us-east-1/postgres/%d", i/70)
		}
		list = append(list, entryAt(uint64(i), before(time.Duration(n-i)*11*time.Second), k.kind, k.subject, operation, k.actor))
	}
	return list
}

func entryAt(index uint64, at time.Time, kind, subject, operation, actor string) api.Entry {
	e := api.Entry{Index: index, Time: at, Kind: kind, Subject: subject, Operation: operation, Actor: actor,
		Data: json.RawMessage(fmt.Sprintf(`{"sync":"in-sync","health":"healthy","term":%d}`, index/9))}
	if kind == "fault.injected" {
		e.Reason = "does the edge notice a frozen instance"
	}
	leaf := tiles.Leaf(entryBytes(e))
	e.Hash = hex.EncodeToString(leaf[:])
	return e
}
