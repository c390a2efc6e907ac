package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/api/client"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/kit/cell"
)

// DrillPlatform reaches the platform from outside, for drills: through the API and the edge.
type DrillPlatform struct {
	Client *client.Client
	Region string
	Redis  *RedisWriter
	Kafka  drill.Writer                // nil: the region has no more than one broker
	Store  availability.ObjectPlatform // nil: no objects are replicated here
	Dir    string                      // of the server's journal
	Events drill.Writer

	Layout   place.Layout
	Password string // of the application's role
	Admin    postgres.Admin
}

// Trail implements availability.ServerPlatform.
func (p DrillPlatform) Trail() drill.Writer { return p.Events }

// again repeats a call while the server is away: it may be killed and restarted meanwhile.
func again(ctx context.Context, f func() error) error {
	for {
		err := f()
		if !client.Away(err) {
			return err
		}
		wait.Sleep(ctx, 200*time.Millisecond)
		if ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
	}
}

// Look implements availability.DrillPlatform.
func (p DrillPlatform) Look(ctx context.Context) (availability.Look, error) {
	l := availability.Look{Region: p.Region, Leaders: map[string]string{}, Candidates: map[string][]string{}}
	var r api.Region
	if err := p.Client.Call(ctx, http.MethodGet, "/v1/regions/"+url.PathEscape(p.Region), "", nil, &r); err != nil {
		return l, err
	}
	l.Trouble = r.Lacks()
	for _, c := range r.Components {
		if c.Role == "primary" && c.Health == api.Healthy {
			l.Leaders[place.Postgres] = c.ID
		}
	}
	for _, ready := range r.Readiness {
		l.Candidates[strings.TrimPrefix(ready.Cluster, p.Region+"/")] = ready.Candidates
		if ready.Cluster == place.Cluster(p.Region, place.Redis) && ready.Leader != "" {
			l.Leaders[place.Redis] = ready.Leader
		}
		if ready.Cluster == place.Cluster(p.Region, place.Kafka) && ready.Leader != "" {
			l.Leaders[place.Kafka] = ready.Leader
		}
		if ready.Cluster == place.Cluster(p.Region, place.Postgres) && ready.Leader != "" {
			l.Leaders[place.Postgres] = ready.Leader
		}
		if ready.Alone {
			l.Alone = append(l.Alone, ready.Cluster+" runs in one zone: drills inside the region need another; the drills region-loss and region-move do not")
		}
	}
	if len(r.Components) == 0 {
		l.Trouble = append(l.Trouble, "region "+p.Region+" does not run here")
	}
	return l, nil
}

// Inject implements availability.DrillPlatform.
func (p DrillPlatform) Inject(ctx context.Context, kind, target string, d time.Duration, reason string) (string, error) {
	id := control.NewID("fault")
	in := map[string]any{"kind": kind, "target": target, "seconds": d.Seconds(), "reason": reason}
	return id, again(ctx, func() error { return p.Client.Call(ctx, http.MethodPost, "/v1/faults", id, in, nil) })
}

// Clear implements availability.DrillPlatform. A fault that is over already is well.
func (p DrillPlatform) Clear(ctx context.Context, id string) error {
	err := p.Client.Call(ctx, http.MethodDelete, "/v1/faults/"+url.PathEscape(id), "", nil, nil)
	if client.Away(err) {
		return err
	}
	var faults client.Items[api.Fault]
	if err := p.Client.Call(ctx, http.MethodGet, "/v1/faults", "", nil, &faults); err != nil {
		return err
	}
	for _, f := range faults.Items {
		if f.ID == id && f.State != faultEnded {
			return fmt.Errorf("fault %s is still %s", id, f.State)
		}
	}
	return nil
}

// Injected implements availability.DrillPlatform.
func (p DrillPlatform) Injected(ctx context.Context, id string) error {
	var page client.Items[api.Operation]
	q := url.Values{"kind": {"fault.inject"}, "subject": {id}}
	if err := again(ctx, func() error { return p.Client.Call(ctx, http.MethodGet, "/v1/operations?"+q.Encode(), "", nil, &page) }); err != nil {
		return err
	}
	if len(page.Items) == 0 {
		return fmt.Errorf("no operation injects the fault %s", id)
	}
	return p.Over(ctx, page.Items[0].ID)
}

// Settle implements availability.DrillPlatform.
func (p DrillPlatform) Settle(ctx context.Context) error { return p.Redis.Settle(ctx) }

// faultEnded is the state of a fault of which nothing is left, as the API says it.
const faultEnded = "ended"

// Switchover implements availability.DrillPlatform.
func (p DrillPlatform) Switchover(ctx context.Context, cluster, candidate, reason string) (string, error) {
	id := control.NewID("switchover")
	in := map[string]any{"cluster": cluster, "reason": reason}
	if candidate != "" {
		in["candidate"] = candidate
	}
	return id, again(ctx, func() error { return p.Client.Call(ctx, http.MethodPost, "/v1/switchovers", id, in, nil) })
}

// Detected implements availability.DrillPlatform.
func (p DrillPlatform) Detected(ctx context.Context, kind, cluster string, t time.Time) (time.Time, bool, error) {
	all, err := p.operations(ctx, kind, cluster)
	if err != nil {
		return time.Time{}, false, err
	}
	for _, o := range slices.Backward(all) { // newest first
		if o.Begun.After(t) {
			return o.Begun, true, nil
		}
	}
	return time.Time{}, false, nil
}

// Home implements availability.MovePlatform.
func (p DrillPlatform) Home(ctx context.Context) (serving string, plan availability.MovePlan, trouble []string, err error) {
	var all client.Items[door.Home]
	if err := p.Client.Call(ctx, http.MethodGet, "/v1/homes", "", nil, &all); err != nil {
		return "", plan, nil, err
	}
	for _, h := range all.Items {
		if h.Region != p.Region {
			continue
		}
		for _, region := range slices.Compact([]string{h.Plan.From, h.Plan.To}) {
			other := p
			other.Region = region
			l, err := other.Look(ctx)
			if err != nil {
				return "", plan, nil, err
			}
			trouble = append(trouble, l.Trouble...)
		}
		return h.Serving, h.Plan, trouble, nil
	}
	return "", plan, nil, fmt.Errorf("%s is not a home here; the drill needs an active region and its partner: `fournines up`", p.Region)
}

// Evacuate implements availability.MovePlatform: approval is given in advance.
func (p DrillPlatform) Evacuate(ctx context.Context, mode, reason string) (string, error) {
	return p.move(ctx, "evacuate", door.MoveRequest{Mode: mode, Practice: mode == availability.Graceful, Approve: true, Reason: reason})
}

// Restore implements availability.MovePlatform.
func (p DrillPlatform) Restore(ctx context.Context, reason string) (string, error) {
	return p.move(ctx, "restore", door.MoveRequest{Approve: true, Reason: reason})
}

func (p DrillPlatform) move(ctx context.Context, verb string, q door.MoveRequest) (string, error) {
	id := control.NewID(verb)
	return id, again(ctx, func() error {
		return p.Client.Call(ctx, http.MethodPost, "/v1/homes/"+url.PathEscape(p.Region)+"/"+verb, id, q, nil)
	})
}

// Outside implements availability.MovePlatform.
func (p DrillPlatform) Outside(ctx context.Context, from, to time.Time) (evidence.OutsideGap, error) {
	for {
		counts, err := p.outsideCounts(ctx, from)
		if err != nil {
			return evidence.OutsideGap{}, err
		}
		told := false
		for _, c := range counts {
			told = told || !c.At.Before(to.Truncate(time.Second))
		}
		if told || ctx.Err() != nil {
			return evidence.GapOutside(counts, p.Region, from, to), nil //nolint:nilerr // the time is over: what is known counts
		}
		wait.Sleep(ctx, time.Second)
	}
}

// outsideCounts reads back to a moment what vantage points told.
func (p DrillPlatform) outsideCounts(ctx context.Context, from time.Time) (out []evidence.OutsideCount, err error) {
	ctx = context.WithoutCancel(ctx) // what was told is read to its end
	for before := ""; ; {
		var page struct {
			Items []api.Entry `json:"items"`
			Next  string      `json:"next"`
		}
		q := url.Values{"kind": {evidence.OutsideCounted.Name}, "limit": {"100"}}
		if before != "" {
			q.Set("before", before)
		}
		if err := again(ctx, func() error { return p.Client.Call(ctx, http.MethodGet, "/v1/journal?"+q.Encode(), "", nil, &page) }); err != nil {
			return nil, err
		}
		for _, e := range page.Items {
			if e.Time.Before(from) {
				return out, nil // an entry is written after all of its seconds
			}
			var c evidence.OutsideCount
			if err := json.Unmarshal(e.Data, &c); err != nil {
				return nil, fmt.Errorf("read entry %d: %w", e.Index, err)
			}
			out = append(out, c)
		}
		if before = page.Next; before == "" {
			return out, nil
		}
	}
}

// Over implements availability.MovePlatform.
func (p DrillPlatform) Over(ctx context.Context, operation string) error {
	for {
		var o api.Operation
		if err := again(ctx, func() error {
			return p.Client.Call(ctx, http.MethodGet, "/v1/operations/"+url.PathEscape(operation), "", nil, &o)
		}); err != nil {
			return err
		}
		switch o.State {
		case "succeeded":
			return nil
		case "failed", "rolled-back", "refused":
			return fmt.Errorf("%s is %s: %s", operation, o.State, o.Error)
		}
		wait.Sleep(ctx, 50*time.Millisecond)
		if ctx.Err() != nil {
			return fmt.Errorf("%s is %s: %w", operation, o.State, ctx.Err())
		}
	}
}

// Cache implements availability.DrillPlatform.
func (p DrillPlatform) Cache() drill.Writer { return p.Redis }

// Queue implements availability.DrillPlatform.
func (p DrillPlatform) Queue() drill.Writer { return p.Kafka }

// RedisWriter writes keys to Redis through the edge, over a new connection when the old one broke.
type RedisWriter struct {
	Address, Password string

	mu     sync.Mutex // guards client
	client rueidis.Client
}

func (w *RedisWriter) connect() (rueidis.Client, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.client != nil {
		return w.client, nil
	}
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{w.Address}, Password: w.Password, ForceSingleClient: true, DisableCache: true, DisableRetry: true,
		ConnWriteTimeout: time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("connect to redis through the edge: %w", err)
	}
	w.client = c
	return c, nil
}

// Write implements drill.Writer.
func (w *RedisWriter) Write(ctx context.Context, key string) error {
	c, err := w.connect()
	if err != nil {
		return err
	}
	return c.Do(ctx, c.B().Set().Key("drill:"+key).Value("1").ExSeconds(3600).Build()).Error()
}

// settleFor bounds how long replicas may take to confirm what they were sent.
const settleFor = 10 * time.Second

// Settle returns once two replicas have all that was written before: what they are sent has one order, so
// whoever has this write has those before it.
func (w *RedisWriter) Settle(ctx context.Context) error {
	c, err := w.connect()
	if err != nil {
		return err
	}
	return c.Dedicated(func(c rueidis.DedicatedClient) error {
		if err := c.Do(ctx, c.B().Set().Key("drill:settle").Value("1").ExSeconds(3600).Build()).Error(); err != nil {
			return fmt.Errorf("write to redis: %w", err)
		}
		n, err := c.Do(ctx, c.B().Wait().Numreplicas(2).Timeout(settleFor.Milliseconds()).Build()).AsInt64()
		if err == nil && n < 2 {
			err = fmt.Errorf("%d of 2 replicas have the newest write after %s", n, settleFor)
		}
		return err
	})
}

// Count implements drill.Writer.
func (w *RedisWriter) Count(ctx context.Context, keys []string) (map[string]int, error) {
	c, err := w.connect()
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, k := range keys {
		n, err := c.Do(ctx, c.B().Exists().Key("drill:"+k).Build()).AsInt64()
		if err != nil {
			return nil, err
		}
		if n > 0 {
			out[k] = int(n)
		}
	}
	return out, nil
}

// customers of a home write where the platform's DNS sends them, or, without it, to the region's edge.
func customers(l place.Layout, home, token string) *runWriter {
	cells := availability.Place(l.Platform, l.Regions, nil, nil).Cells
	mine := func(customer string) bool { return cells[cell.Of(customer, l.Platform.Spec.Cells.Count)] == home }
	if l.DNS == "" {
		return newRunWriter(nil, "http://"+l.EdgeAddress(home, place.Edge), token, mine)
	}
	r := newResolver(l.DNS, l.Platform.Spec.Routing.TTL.D())
	return newRunWriter(r.Dial, "http://"+net.JoinHostPort(place.APIName, strconv.Itoa(place.AppPort)), token, mine)
}
