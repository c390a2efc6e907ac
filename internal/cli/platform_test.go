package cli

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	chaosdoor "github.com/greenlang/fournines/internal/chaos/door"
	compliancedoor "github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	recoverydoor "github.com/greenlang/fournines/internal/recovery/door"
	runbookdoor "github.com/greenlang/fournines/internal/runbook/door"
	scheduledoor "github.com/greenlang/fournines/internal/schedule/door"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
)

// platform is what the API of the scripts answers from: a platform in some trouble, held in
// memory, behind the real handlers. What is asked of it is kept for the script to look at.
type platform struct {
	api.Platform // what no script asks
	api.Drills
	compliancedoor.Proofs

	begun   time.Time
	journal *journal.Journal
	entries []api.Entry

	mu         sync.Mutex
	operations []api.Operation
	erased     map[string]bool
	trouble    string   // of the scripts' own choice, see the command trouble
	did        []string // what was done, a line each
	answered   map[string]int
	changed    chan struct{} // is closed and made anew whenever answered changes
}

const token = "the token of the scripts"

// key is what a request's idempotency key goes by in its context.
type key struct{}

// serve answers as a server does.
func (p *platform) handler() http.Handler {
	mux := http.NewServeMux()
	availability := availabilitydoor.Source{Platform: p, Clusters: p, Homes: p, Routing: p, Copies: p}
	compliance := compliancedoor.Source{Proofs: p, Witnesses: p, Archives: p, Persons: p, Queries: p}
	api.Mount(mux, "test",
		api.PlatformRoutes(p), api.OperationRoutes(p), api.DrillRoutes(p), api.EvidenceRoutes(p), api.JournalRoutes(p), api.AlertRoutes(p),
		chaosdoor.Routes(p), availabilitydoor.Routes(availability), compliancedoor.Routes(compliance), scheduledoor.Routes(p), recoverydoor.Routes(p), runbookdoor.Routes(runbooks{p}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !api.Authorized(r, token) {
			http.Error(w, `{"title":"the token is another one"}`, http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, r.Header.Get("Idempotency-Key"))))
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answered[r.Method+" "+r.URL.Path]++
		close(p.changed)
		p.changed = make(chan struct{})
	})
}

// await returns once the platform has answered that often.
func (p *platform) await(request string, times int) {
	for {
		p.mu.Lock()
		n, changed := p.answered[request], p.changed
		p.mu.Unlock()
		if n >= times {
			return
		}
		<-changed
	}
}

// note keeps what was done; the words of the reason decide how it ends.
func (p *platform) note(ctx context.Context, reason string, words ...any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if strings.Contains(reason, "refuse") {
		return fmt.Errorf("%w: no region would be left to answer", api.ErrRefused)
	}
	if err := state.Dry(ctx); err != nil {
		return err
	}
	p.did = append(p.did, strings.TrimSpace(fmt.Sprintln(append(words, reason)...)))
	return nil
}

// operate is an operation from its request to its end.
func (p *platform) operate(ctx context.Context, suffix, kind, subject, reason string) (string, error) {
	if err := p.note(ctx, reason, kind, subject); err != nil {
		return "", err
	}
	id, _ := ctx.Value(key{}).(string)
	o := api.Operation{
		ID: id + suffix, Kind: kind, Subject: subject, State: "succeeded", Actor: "operator", Reason: reason, Begun: p.begun, Ended: p.begun.Add(2 * time.Second), First: 40, Last: 44,
		Steps: []api.Step{{Name: "check", State: "succeeded", Begun: p.begun, Ended: p.begun.Add(time.Second), Journal: 41}, {Name: "move", State: "succeeded", Begun: p.begun.Add(time.Second), Ended: p.begun.Add(2 * time.Second), Journal: 43, Detail: "b leads"}},
	}
	for state, sign := range map[string]string{"failed": "fail", "rolled-back": "take it back", "waiting-approval": "ask first"} {
		if strings.Contains(reason, sign) {
			o.State, o.Error, o.Steps[1].State = state, "the new leader answered nothing", "failed"
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.operations = append(p.operations, o)
	return id, nil
}

func (p *platform) is(trouble string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble == trouble
}

func (p *platform) Status(context.Context) (api.Status, error) {
	at := func(zone, role string, ready bool) api.Component {
		c := api.Component{ID: "us-east-1/" + zone + "/postgres", Region: "us-east-1", Zone: zone, Kind: "postgres", Role: role, Sync: api.InSync, Health: api.Healthy, Since: p.begun, Address: "127.1.1.2:5432", Journal: 7}
		if !ready {
			c.Health, c.Detail = api.Degraded, "it lags by 80 MB"
		}
		return c
	}
	lags := p.is("lag")
	ready := api.Readiness{Cluster: "us-east-1/postgres", Ready: !lags, Leader: "us-east-1/a/postgres", Candidates: []string{"us-east-1/b/postgres"}, At: p.begun}
	if lags {
		ready.Candidates, ready.Reasons = []string{}, []string{"us-east-1/b/postgres lags by 80 MB"}
	}
	return api.Status{
		Platform: "greenlang", At: p.begun, Version: "test",
		Regions: []api.Region{{
			Name: "us-east-1", Role: "active", Pair: "us-west-2", Running: true, Zones: []string{"a", "b"},
			Components: []api.Component{at("a", "primary", true), at("b", "sync-standby", !lags)},
			Readiness:  []api.Readiness{ready, {Cluster: "us-east-1/redis", Alone: true, Candidates: []string{}}},
		}},
		Availability: api.Availability{CustomerRatio: new(0.9999), RequestRatio: new(0.9998), Requests: 12_000, RemainingRatio: new(0.75), Since: p.begun},
		Findings:     []api.Finding{{Severity: "warning", Title: "A replica lags", Text: "It would be left out of a failover.", Command: "fournines readiness"}},
		Faults:       []api.Fault{{ID: "fault-1", Kind: "zone-kill", Target: "us-east-1/b", State: "active", Begun: p.begun, Until: p.begun.Add(time.Minute)}},
		Operations:   []api.Operation{{ID: "switchover-9", Kind: "postgres.switchover", Subject: "us-east-1/postgres", State: "running", Begun: p.begun, Steps: []api.Step{{Name: "check", State: "running"}}}},
		Servers: []api.Server{
			{Name: "us-east-1/server", Region: "us-east-1", Address: "127.0.0.1:9999", Role: api.Leads, Health: api.Healthy, Entries: uint64(len(p.entries)), Started: p.begun},
			{Name: "us-west-2/server", Region: "us-west-2", Address: "127.0.0.1:9998", Role: api.Follows, Health: api.Missing, Detail: "it is silent", Elsewhere: true},
		},
		Journal: api.JournalHead{Size: uint64(len(p.entries))},
	}, nil
}

func (p *platform) Tasks(context.Context) ([]api.TaskStatus, error) {
	return []api.TaskStatus{
		{Wing: "chaos", Name: "end-faults", Does: "Records the faults that are over.", Every: 0.25, Rounds: 4210, Began: p.begun, Ended: p.begun, Took: 0.002},
		{Wing: "recovery", Name: "retention", Every: 3600, Rounds: 2, Failures: 2, Began: p.begun, Ended: p.begun, Took: 1.5, Error: "connection refused"},
		{Wing: "server", Name: "decide", Began: p.begun}, {Wing: "server", Name: "publish", Every: 1},
	}, nil
}

// Operations shows two a page at most, so that there is a next one.
func (p *platform) Operations(_ context.Context, f api.OperationFilter) (api.Page[api.Operation], error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var page api.Page[api.Operation]
	if err := spec.Among("kind of operation", f.Kind, []string{"home.evacuate", "postgres.switchover"}); err != nil {
		return page, err
	}
	past := f.Before == ""
	for _, o := range slices.Backward(p.operations) {
		fits := (f.State == "" || o.State == f.State) && (f.Kind == "" || o.Kind == f.Kind) && (f.Subject == "" || o.Subject == f.Subject)
		if past && fits {
			if len(page.Items) == f.Limit {
				page.Next = page.Items[len(page.Items)-1].ID
				break
			}
			page.Items = append(page.Items, o)
		}
		past = past || o.ID == f.Before
	}
	return page, nil
}

func (p *platform) Operation(_ context.Context, id string) (api.Operation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.operations {
		if o.ID == id {
			return o, nil
		}
	}
	return api.Operation{}, fmt.Errorf("operation %q: %w", id, api.ErrNotFound)
}

func (p *platform) decide(ctx context.Context, word, id, reason string) error {
	if _, err := p.Operation(ctx, id); err != nil {
		return err
	}
	return p.note(ctx, reason, word, id)
}

func (p *platform) Approve(ctx context.Context, id, reason string) error {
	return p.decide(ctx, "approve", id, reason)
}

func (p *platform) Deny(ctx context.Context, id, reason string) error {
	return p.decide(ctx, "deny", id, reason)
}

func (p *platform) RecordDrill(ctx context.Context, _ int, r drill.Report) (drill.Report, error) {
	return r, p.note(ctx, "", "drill", r.Drill, r.Verdict)
}

func (p *platform) Alerts(context.Context) ([]evidence.Alert, error) {
	return []evidence.Alert{{Key: "replica-lags/us-east-1", State: evidence.Firing, Severity: "warning", Title: "A replica lags", Source: "us-east-1/b/postgres", Since: p.begun, Practice: true, Entry: 12, Command: "fournines readiness"}}, nil
}

func (p *platform) TestNotifier(ctx context.Context, name, reason string) error {
	if name != "pager" {
		return fmt.Errorf("notifier %q: %w", name, api.ErrNotFound)
	}
	return p.note(ctx, reason, "test", name)
}

func (p *platform) Acknowledge(ctx context.Context, finding, reason string) error {
	if finding != "operation-failed/op-1" {
		return fmt.Errorf("there is no finding %q: %w", finding, api.ErrNotFound)
	}
	return p.note(ctx, reason, "acknowledge", finding)
}

// Evidence is good of every region but us-west-2.
func (p *platform) Evidence(_ context.Context, f api.EvidenceFilter) (api.Evidence, error) {
	if err := spec.Among("region", f.Scope.Region, []string{"us-east-1", "us-west-2", "eu-west-1"}); err != nil {
		return api.Evidence{}, err
	}
	m := api.Measured{From: f.From, To: f.To, Known: 3600, Customer: new(0.99995), Edges: new(0.99995), EdgesKnown: 3600, Whole: new(0.9999), Request: new(0.9998), Requests: 9000, Failed: 2, Entries: []uint64{5, 9}}
	bad := f.Scope.Region == "us-west-2"
	if bad {
		m.Customer = new(0.99)
	}
	if f.Scope.Region == "eu-west-1" { // nobody has asked there
		m = api.Measured{From: f.From, To: f.To, Entries: []uint64{}}
	}
	e := api.Evidence{From: f.From, To: f.To, Of: f.Of, Target: 0.9999, Platform: m, Regions: []api.Measured{m}, Services: []api.Measured{m}, Cells: []api.Measured{}, Burn: []api.Burn{}, BurnDown: []api.Point{}, Budget: api.Budget{Allowed: 259, Spent: 12, Remaining: new(0.95)}}
	if m.Customer == nil {
		e.Budget.Remaining = nil
	}
	e.Incidents = []api.Incident{{ID: "us-east-1/1", Region: "us-east-1", Began: p.begun, Detected: p.begun.Add(time.Second), Recovered: p.begun.Add(9 * time.Second), Cells: map[int]float64{0: 9, 1: 9}, Of: 12, Failed: 24, Practice: "fault-1", Entries: []uint64{5}}}
	e.Burn = []api.Burn{{BurnRule: evidence.BurnRules()[0], LongRate: 20, ShortRate: 21, Firing: bad, Entries: []uint64{}}}
	for _, name := range []string{"mttd", "mttr", "mtbf", "rto", "rpo", "blast"} {
		e.Figures = append(e.Figures, api.Figure{Name: name, Unit: "s", N: 7, Mean: new(4.5), Median: new(4.0), P90: new(8.0), Max: new(9.0), Low: new(3.0), High: new(6.0), Of: "median", Entries: []uint64{5, 9}, Note: "seven drills"})
	}
	return e, nil
}

func (p *platform) Entries(_ context.Context, f api.EntryFilter) (api.Page[api.Entry], error) {
	var page api.Page[api.Entry]
	if err := spec.Among("kind of entry", f.Kind, []string{"fact.", "fact.changed", "fault.", "fault.injected"}); err != nil {
		return page, err
	}
	for _, e := range slices.Backward(p.entries) {
		kind := f.Kind == "" || e.Kind == f.Kind || (strings.HasSuffix(f.Kind, ".") && strings.HasPrefix(e.Kind, f.Kind))
		if !kind || (f.Before > 0 && e.Index >= f.Before) || (f.Subject != "" && e.Subject != f.Subject) || (f.Operation != "" && e.Operation != f.Operation) {
			continue
		}
		if len(page.Items) == f.Limit {
			page.Next = strconv.FormatUint(page.Items[len(page.Items)-1].Index, 10)
			break
		}
		page.Items = append(page.Items, e)
	}
	return page, nil
}

func (p *platform) Entry(_ context.Context, index uint64) (api.Entry, error) {
	if index >= uint64(len(p.entries)) {
		return api.Entry{}, fmt.Errorf("the journal has no entry %d: %w", index, api.ErrNotFound)
	}
	return p.entries[index], nil
}

func (p *platform) Kinds(context.Context) ([]api.EntryKind, error) {
	return []api.EntryKind{{Name: "fault.injected", Doc: "A fault was injected.", Schema: []byte(`{"type":"object"}`)}}, nil
}

func (p *platform) Prove(_ context.Context, index uint64) (journal.Proof, error) {
	if index >= uint64(len(p.entries)) {
		return journal.Proof{}, fmt.Errorf("the journal has no entry %d: %w", index, api.ErrNotFound)
	}
	return p.journal.Prove(index)
}

func (p *platform) Query(_ context.Context, q compliancedoor.Question) (compliancedoor.QueryAnswer, error) {
	if !strings.HasPrefix(q.SQL, "select ") {
		return compliancedoor.QueryAnswer{}, &compliancedoor.QueryRefused{Reason: "this is not a SELECT; ask one SELECT over entries"}
	}
	return compliancedoor.QueryAnswer{Head: 9, Columns: []compliancedoor.QueryColumn{{Name: "index", Type: "integer"}, {Name: "kind", Type: "text"}}, Rows: [][]any{{7, "fault.injected"}}}, nil
}
